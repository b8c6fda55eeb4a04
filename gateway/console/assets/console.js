/* What is quicker with a script: pages that stay as things are, keys, and times in the browser's own zone.
   Every page is whole without it. No eval, no inline handler: the policy forbids both. */
"use strict";
(() => {
  const main = document.getElementById("main");
  const status = document.getElementById("status");
  const pause = document.getElementById("pause");
  const live = document.getElementById("live");

  /* The last word of a session that is over is that it is: nothing that was under way talks over it. */
  let isOver = false;
  const say = (words) => { if (status && !isOver) status.textContent = words; };
  const clock = () => new Date().toLocaleTimeString([], { hour12: false, timeZone: document.body.dataset.zone });

  /* ---- the zone: the browser's, until somebody chooses another */

  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (document.body.dataset.zone && !/(^|; )gateway-zone=/.test(document.cookie) && zone) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `gateway-zone=${zone}; Path=/console; Max-Age=34560000; SameSite=Strict${secure}`;
    if (zone !== document.body.dataset.zone && location.pathname !== "/console/zone") location.reload();
  }

  /* ---- live: what changes makes this page be asked for again and put in place, row by row */

  const SHORTEST = 700, LONGEST = 30000;
  const about = live ? live.dataset.about.split(" ").filter(Boolean) : [];
  let wait = SHORTEST, timer = 0, last = 0, isBusy = false, counts = {};
  const isPaused = () => localStorage.getItem("gateway-paused") === "yes";

  const namesOf = (told) => {
    switch (told.kind) {
      case "event": return ["event", `event:${told.id}`, `source:${told.source}`];
      case "order": return ["order", `order:${told.tenant}/${told.externalOrderId}`, `tenant:${told.tenant}`];
      case "operation": return ["operation", `operation:${told.id}`];
      case "tenant": return ["tenant", `tenant:${told.tenant}`];
      case "source": return ["source", `source:${told.source}`];
      default: return about;
    }
  };
  /* Nothing moves under the pointer, nor while something is marked or typed. */
  const held = () => {
    if (main.querySelector(".scroll:hover, .cards:hover, .timeline:hover")) return "the pointer leaves the list";
    const at = document.activeElement;
    if (at && main.contains(at) && at.matches("input:not([type=checkbox]), textarea, select")) return "the field is left";
    if (!getSelection().isCollapsed && main.contains(getSelection().anchorNode)) return "the selection is gone";
    return null;
  };
  const words = () => Object.entries(counts)
    .map(([kind, count]) => `${count} ${kind}${count === 1 ? "" : "s"}`).join(", ");
  const fetched = () => {
    isBusy = true;
    return htmx.ajax("GET", location.pathname + location.search, { source: main, target: main, select: "#main", swap: "outerMorph" })
      .finally(() => { isBusy = false; if (Object.keys(counts).length) later(); });
  };
  const refresh = () => {
    timer = 0;
    if (isPaused() || isBusy || !Object.keys(counts).length) return;
    const until = held();
    if (until) {
      say(`Changed: ${words()}. Shown once ${until}.`);
      timer = setTimeout(refresh, SHORTEST);
      return;
    }
    const told = words();
    counts = {};
    last = Date.now();
    fetched().then(() => say(`Changed: ${told}, ${clock()}.`), () => say("The gateway cannot be reached; it is tried again."));
  };
  const later = () => {
    if (timer || isOver) return;
    /* The more comes, the longer is waited: open pages cost the gateway little while it has much to do. */
    wait = Date.now() - last < 2 * wait ? Math.min(LONGEST, wait * 1.5) : SHORTEST;
    timer = setTimeout(refresh, wait);
  };
  const heard = (event) => {
    const told = JSON.parse(event.detail.data || "{}");
    if (told.kind !== "gap" && !namesOf(told).some((name) => about.includes(name))) return;
    const kind = told.kind === "gap" ? "change" : told.kind;
    counts[kind] = (counts[kind] || 0) + 1;
    if (isPaused()) say(`Paused. Changed meanwhile: ${words()}.`); else later();
  };
  if (live) {
    for (const kind of ["event", "order", "tenant", "source", "operation", "gap"]) live.addEventListener(kind, heard);
    live.addEventListener("ended", () => {
      say("Your session is over: sign in again to see what changes.");
      isOver = true;
      clearTimeout(timer);
    });
    live.addEventListener("htmx:sse:error", () => say("The gateway cannot be reached; it is tried again."));
    live.addEventListener("htmx:sse:after:connection", () => {
      say(isPaused() ? "Paused." : "Live.");
      /* What changed between the page and the stream was told to nobody. */
      if (!isPaused() && !held()) fetched();
    });
  }
  if (pause) {
    const show = () => {
      pause.setAttribute("aria-pressed", String(isPaused()));
      pause.hidden = false;
    };
    pause.addEventListener("click", () => {
      localStorage.setItem("gateway-paused", isPaused() ? "no" : "yes");
      show();
      say(isPaused() ? "Paused: this page stays as it is." : "Live.");
      if (!isPaused()) { counts.change = counts.change || 1; refresh(); }
    });
    show();
  }

  /* ---- ages grow */

  const SPANS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const grow = () => {
    for (const each of main.querySelectorAll("time[datetime]")) {
      const seconds = (Date.now() - Date.parse(each.dateTime)) / 1000;
      const [size, unit] = SPANS.find(([least]) => Math.abs(seconds) >= least) || [1, "s"];
      const span = `${Math.trunc(Math.abs(seconds) / size)} ${unit}`;
      each.firstChild.data = Math.abs(seconds) < 1 ? "now " : seconds >= 0 ? `${span} ago ` : `in ${span} `;
    }
  };
  setInterval(() => { if (!isPaused() && !held()) grow(); }, 15000);

  /* ---- keys */

  const rows = () => [...main.querySelectorAll("tbody tr, .cards > li, .troubles > li, .timeline > li")];
  const rowAt = () => document.activeElement?.closest("tbody tr, .cards > li, .troubles > li, .timeline > li");
  const go = (step) => {
    const all = rows(), now = all.indexOf(rowAt());
    const next = all[Math.max(0, Math.min(all.length - 1, now < 0 ? (step > 0 ? 0 : all.length - 1) : now + step))];
    if (!next) return;
    const aim = next.querySelector("a[href]") || next;
    if (aim === next) next.tabIndex = -1;
    aim.focus();
    next.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const isTyping = event.target.matches("input:not([type=checkbox]), textarea, select");
    if (event.key === "Escape" && isTyping) { event.target.blur(); return; }
    if (isTyping) return;
    switch (event.key) {
      case "/": document.getElementById("q")?.focus(); document.getElementById("q")?.select(); break;
      case "j": go(1); break;
      case "k": go(-1); break;
      case "x": {
        const box = rowAt()?.querySelector("input[type=checkbox]");
        if (!box) return;
        box.click();
        break;
      }
      case "?": location.assign("/console/keys"); break;
      default: return;
    }
    event.preventDefault();
  });

  /* ---- from the body to the order: pointing at one marks the other */

  const point = (event) => {
    for (const each of main.querySelectorAll(".pointed")) each.classList.remove("pointed");
    const at = event.target.closest?.("[data-from], [data-path]");
    if (!at) return;
    const paths = at.dataset.path ? [at.dataset.path] : JSON.parse(at.dataset.from);
    at.classList.add("pointed");
    for (const each of main.querySelectorAll("[data-path]")) {
      if (paths.includes(each.dataset.path)) each.classList.add("pointed");
    }
    if (!at.dataset.path) return;
    for (const each of main.querySelectorAll("[data-from]")) {
      if (JSON.parse(each.dataset.from).includes(at.dataset.path)) each.classList.add("pointed");
    }
  };
  main.addEventListener("mouseover", point);
  main.addEventListener("focusin", point);

  /* ---- a file that is dropped on a payload's field is its text */

  const field = document.querySelector("textarea[name=body]");
  field?.addEventListener("drop", (event) => {
    const [file] = event.dataTransfer.files;
    if (!file) return;
    event.preventDefault();
    file.text().then((text) => { field.value = text; });
  });

  document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
})();
