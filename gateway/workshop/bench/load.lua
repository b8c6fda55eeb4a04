-- Hooks with numbers of their own for wrk. Arguments: the marks of event and order, the template, the run's prefix, and
-- which of the two rise: rising, random (the order's does), scattered (neither).
local format, random = string.format, math.random
local pieces, places, prefix, ids, count = {}, {}, "", "", 0

function init(arguments)
   local file = assert(io.open(arguments[3], "rb"))
   local body = file:read("*a")
   file:close()
   prefix, ids = arguments[4], arguments[5]
   -- A mark is as wide as a number, so that the length that wrk works out holds for every hook.
   local whole, from = wrk.format("POST", nil, nil, body), 1
   while true do
      local event, order = whole:find(arguments[1], from, true), whole:find(arguments[2], from, true)
      local first = math.min(event or math.huge, order or math.huge)
      if first == math.huge then break end
      pieces[#pieces + 1] = whole:sub(from, first - 1)
      pieces[#pieces + 1] = ""
      places[#places + 1] = { #pieces, first == event }
      from = first + #arguments[1]
   end
   pieces[#pieces + 1] = whole:sub(from)
   math.randomseed(tonumber(prefix, 16))
end

function request()
   count = count + 1
   local rising, drawn = format("%s%016d", prefix, count), nil
   if ids ~= "rising" then
      drawn = format("%08x%08x%08x", random(0, 0x7fffffff), random(0, 0x7fffffff), count)
   end
   for _, place in ipairs(places) do
      pieces[place[1]] = drawn and (place[2] or ids == "scattered") and drawn or rising
   end
   return table.concat(pieces)
end

function done(summary, latency, requests)
   local errors = summary.errors
   io.write(format(
      '{"requests":%d,"microseconds":%d,"refused":%d,"lost":%d,"p50":%d,"p90":%d,"p99":%d,"longest":%d}\n',
      summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max))
end
