// When the home says that something changed, fetch this page again and replace the parts that differ.
// XMLHttpRequest parses without running anything, so strict Trusted Types need no policy.
"use strict";
(() => {
  const topics = (document.body.dataset.live || "").split(" ");
  if (!topics[0] || !window.EventSource) return;
  const known = new Map();
  const parts = () => document.querySelectorAll("[data-part]");
  parts().forEach((part) => known.set(part.id, part.outerHTML));

  const replace = (part, fresh) => {
    if (known.get(part.id) === fresh.outerHTML) return;
    const active = document.activeElement;
    const inside = part.contains(active);
    if (inside && active.matches("input, select, textarea")) return; // never under a writing hand
    known.set(part.id, fresh.outerHTML);
    part.querySelectorAll("details[open][id]").forEach((open) => {
      const twin = fresh.querySelector("#" + CSS.escape(open.id));
      if (twin) twin.open = true;
    });
    const tell = fresh.querySelector("[data-tell]");
    part.replaceWith(document.importNode(fresh, true));
    if (inside && active.id) document.getElementById(active.id)?.focus();
    if (tell) document.getElementById("told").textContent = tell.textContent.trim();
  };

  let busy = false, again = false;
  const refresh = () => {
    if (busy) { again = true; return; }
    busy = true;
    const ask = new XMLHttpRequest();
    ask.open("GET", location.href);
    ask.responseType = "document";
    ask.timeout = 10000;
    ask.onload = () => {
      if (ask.status !== 200 || !ask.response) return;
      parts().forEach((part) => {
        const fresh = ask.response.getElementById(part.id);
        if (fresh) replace(part, fresh);
      });
    };
    ask.onloadend = () => { busy = false; if (again) { again = false; refresh(); } };
    ask.send();
  };

  let source = null, version = document.body.dataset.version;
  const open = () => {
    source = new EventSource("/live");
    source.addEventListener("changed", (told) => {
      if (told.data.split(" ").some((topic) => topics.includes(topic))) refresh();
    });
    // What changed while the page was on its way, or while the line was cut.
    source.addEventListener("version", (told) => {
      document.body.classList.add("is-live");
      if (told.data !== version) { version = told.data; refresh(); }
    });
    source.onerror = () => { document.body.classList.remove("is-live"); if (source.readyState === 2) setTimeout(open, 30000); };
  };
  addEventListener("pagehide", () => source && source.close());
  addEventListener("pageshow", (shown) => { if (shown.persisted) { open(); refresh(); } });
  open();
})();
