-- Hooks with numbers of their own for wrk. Arguments: the template, its mark, the run's prefix, rising or random.
local format, random = string.format, math.random
local pieces, prefix, is_random, count = {}, "", false, 0

function init(arguments)
   local file = assert(io.open(arguments[1], "rb"))
   local body = file:read("*a")
   file:close()
   local mark = arguments[2]
   prefix, is_random = arguments[3], arguments[4] == "random"
   -- The mark is as wide as a number, so that the length that wrk works out holds for every hook.
   local whole, from = wrk.format("POST", nil, nil, body), 1
   while true do
      local first, last = whole:find(mark, from, true)
      if not first then break end
      pieces[#pieces + 1] = whole:sub(from, first - 1)
      from = last + 1
   end
   pieces[#pieces + 1] = whole:sub(from)
   math.randomseed(tonumber(prefix, 16))
end

function request()
   count = count + 1
   local number
   if is_random then
      number = format("%08x%08x%08x", random(0, 0x7fffffff), random(0, 0x7fffffff), count)
   else
      number = format("%s%016d", prefix, count)
   end
   return table.concat(pieces, number)
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(format(
      '{"requests":%d,"microseconds":%d,"refused":%d,"lost":%d,"p50":%d,"p90":%d,"p99":%d,"longest":%d}\n',
      summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
