"use strict";
(() => {
  const byId = (name) => document.getElementById(name);
  const tiles = [...document.querySelectorAll(".tile")];
  const [panel, command, pad, viewer] = ["panel", "command", "pad", "viewer"].map(byId);
  const toggles = { closer: byId("closer"), until: byId("until") };
  const rows = [...document.querySelectorAll(".timeline[data-get]")].map((bar) => ({
    bar,
    mark: bar.querySelector(".chosen"),
    start: Number(bar.dataset.start),
    seconds: Number(bar.dataset.seconds),
    parts: JSON.parse(bar.dataset.parts),
    events: JSON.parse(bar.dataset.events),
    cursor: 0,
  }));
  const PAD = 10;  // seconds around an event
  const STEPS = [2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200];
  // What is chosen: of which row, the moment, and the range that must not be cut. Seconds from the start of the row.
  let chosen = null;
  let tile = null;

  // --- times: as preview/command.py writes them ---
  const two = (number) => String(number).padStart(2, "0");
  const text = (milliseconds, between) => {
    const at = new Date(milliseconds);
    const day = `${at.getUTCFullYear()}-${two(at.getUTCMonth() + 1)}-${two(at.getUTCDate())}`;
    return `${day}${between}${two(at.getUTCHours())}:${two(at.getUTCMinutes())}:${two(at.getUTCSeconds())}`;
  };
  const partAt = (row, second) => row.parts.findLast((part) => part.from <= second) ?? row.parts[0];
  const typed = (row, second, isEnd, withOffset) => {
    const part = partAt(row, second);
    const exact = row.start + Math.round(1000 * second) + (withOffset ? part.realAhead : part.ahead);
    const whole = 1000 * (isEnd ? Math.ceil : Math.floor)(exact / 1000);
    return withOffset ? text(whole, "T") + part.offset : `"${text(whole, " ")}"`;
  };
  const times = (row, from, to) => {
    const withOffset = partAt(row, from).needsOffset || partAt(row, to).needsOffset;
    return `--start ${typed(row, from, false, withOffset)} --end ${typed(row, to, true, withOffset)}`;
  };
  const shown = (row, second, isEnd = false) => {
    const exact = row.start + Math.round(1000 * second) + partAt(row, second).ahead;
    return text(1000 * (isEnd ? Math.ceil : Math.floor)(exact / 1000), " ");
  };
  const length = (seconds) => {
    const all = Math.round(seconds);
    const parts = [[Math.floor(all / 3600), "h"], [Math.floor(all / 60) % 60, "min"], [all % 60, "s"]];
    return parts.filter(([number]) => number).map(([number, unit]) => `${number} ${unit}`).join(" ") || "0 s";
  };
  const step = (seconds) => {
    const found = STEPS.find((each) => seconds / each <= 120) ?? 86400;
    return found % 3600 === 0 ? `${found / 3600}h` : found % 60 === 0 ? `${found / 60}m` : `${found}s`;
  };

  // --- what is chosen ---
  const eventAt = (row, second) => {
    const held = row.events.filter(([from, to]) => from <= second && second < to);
    return held.length ? [Math.min(...held.map(([from]) => from)), Math.max(...held.map(([, to]) => to))] : null;
  };
  // A picture stands for the time until the next one, for some seconds at most.
  const behind = (row, second) => {
    const next = tiles.find((each) => Number(each.dataset.row) === row && Number(each.dataset.at) > second);
    return Math.min(second + PAD, Number(next?.dataset.at ?? second + PAD));
  };
  const isRange = () => chosen.to > chosen.from;
  const range = () => {
    if (pad.value === "whole") return [chosen.event[0] - PAD, chosen.event[1] + PAD];
    const more = Number(pad.value);
    const [from, to] = [chosen.from - more, chosen.to + more];
    return to > from ? [from, to] : [from, to + 1];
  };
  const show = () => {
    if (!chosen) return;
    const row = rows[chosen.row];
    const [from, to] = range();
    const isCloser = toggles.closer.ariaPressed === "true";
    const line = `${isCloser ? row.bar.dataset.look : row.bar.dataset.get} ${times(row, from, to)}`;
    // Each option whole, where it fits: a line is not to be broken behind its dashes, or inside of a time.
    const words = (isCloser ? `${line} --every ${step(to - from)}` : line).split(/ (?=--)/);
    const spans = words.map((word) => Object.assign(document.createElement("span"), { textContent: word }));
    command.replaceChildren(...spans.flatMap((span, number) => (number ? [" ", span] : [span])));
    const [first, last] = [shown(row, from), shown(row, to, true)];
    const end = last.slice(0, 10) === first.slice(0, 10) ? last.slice(11) : last;
    byId("when").textContent = `${first} to ${end} (${length(Math.ceil(to) - Math.floor(from))})`;
    byId("copy").textContent = "Copy";
    const at = (second) => Math.min(1000, Math.max(0, (1000 * second) / row.seconds));
    row.mark.setAttribute("x", String(at(from) - 1.5));
    row.mark.setAttribute("width", String(at(to) - at(from) + 3));
    for (const each of tiles) {
      const second = Number(each.dataset.at);
      const isIn = Number(each.dataset.row) === chosen.row && from <= second && second < to;
      each.classList.toggle("within", isIn && isRange());
    }
  };
  const choose = (made, from = null) => {
    chosen = made;
    panel.hidden = !made;
    document.body.classList.toggle("choosing", Boolean(made));
    for (const row of rows) row.mark.classList.toggle("on", Boolean(made) && rows[made.row] === row);
    for (const each of tiles) {
      each.classList.remove("within");
      if (made && each === from) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
    tile = made ? from : null;
    toggles.closer.ariaPressed = toggles.until.ariaPressed = "false";
    if (!made) return;
    const row = rows[made.row];
    row.cursor = made.cursor ?? made.from;
    row.bar.ariaValueNow = String(Math.round(row.cursor));
    row.bar.ariaValueText = shown(row, row.cursor);
    const [whole, exactly] = pad.options;
    whole.hidden = whole.disabled = !made.event;
    whole.text = isRange() ? "whole events" : "whole event";
    exactly.hidden = exactly.disabled = !isRange();
    pad.value = isRange() ? "0" : made.event ? "whole" : "120";
    show();
  };
  const chooseMoment = (row, second, from = null) =>
    choose({ row, from: second, to: second, event: eventAt(rows[row], second) }, from);
  // From what is chosen up to another moment: just that, and all that a last picture shows.
  const extend = (second, from = null) => {
    const row = rows[chosen.row];
    const anchor = chosen.anchor ?? { second: chosen.from, isPicture: Boolean(tile) };
    const [first, last] = [anchor, { second, isPicture: Boolean(from) }].sort((one, other) => one.second - other.second);
    const to = last.isPicture ? behind(chosen.row, last.second) : last.second;
    const events = [eventAt(row, first.second), eventAt(row, last.second)].flatMap((each) => each ?? []);
    const event = events.length ? [Math.min(first.second, ...events), Math.max(to, ...events)] : null;
    choose({ row: chosen.row, from: first.second, to, event, anchor, cursor: second }, from);
  };

  // --- the large picture ---
  const enlarge = (each) => {
    chooseMoment(Number(each.dataset.row), Number(each.dataset.at), each);
    const picture = each.querySelector("img");
    const reason = each.querySelector(".none");
    byId("large").hidden = !picture;
    if (picture) byId("large").src = picture.src;
    byId("large").alt = `Picture of ${each.dataset.when}`;
    byId("shown").textContent = [
      rows.length > 1 ? rows[chosen.row].bar.getAttribute("aria-label").replace(/^Timeline of (.*), .*$/, "$1") : "",
      each.dataset.when, each.querySelector(".what")?.textContent, reason?.textContent,
    ].filter(Boolean).join(", ");
    const near = beside(each);
    byId("previous").disabled = !near[0];
    byId("next").disabled = !near[1];
    if (!viewer.open) {
      viewer.append(panel);  // it stays in reach
      viewer.showModal();
      byId("large").scrollIntoView({ block: "nearest" });
    }
  };
  const beside = (each) => {
    const own = tiles.filter((other) => other.dataset.row === each.dataset.row);
    const at = own.indexOf(each);
    return [own[at - 1], own[at + 1]];
  };
  const turn = (by) => {
    const next = tile && beside(tile)[by > 0 ? 1 : 0];
    if (next) enlarge(next);
  };
  const shrink = () => {
    viewer.close();
    document.body.insertBefore(panel, viewer);
    if (tile) tile.focus();
  };
  viewer.addEventListener("cancel", (event) => {  // a gesture that goes back
    event.preventDefault();
    shrink();
  });
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  byId("back").addEventListener("click", shrink);

  // --- pictures ---
  const pick = (each, isEnd) => {
    const isSame = chosen?.row === Number(each.dataset.row);  // a range is of one camera
    if (isSame && (isEnd || toggles.until.ariaPressed === "true")) extend(Number(each.dataset.at), each);
    else enlarge(each);
  };
  const columns = (each) => {
    const grid = [...each.parentElement.querySelectorAll(".tile")];
    const top = grid[0].getBoundingClientRect().top;
    const below = grid.findIndex((other) => other.getBoundingClientRect().top > top + 4);
    return below < 0 ? grid.length : below;
  };
  for (const each of tiles) {
    each.addEventListener("click", (event) => pick(each, event.shiftKey));
    each.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        pick(each, true);
      }
      const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(each), ArrowUp: -columns(each) }[event.key];
      const next = by && tiles[tiles.indexOf(each) + by];
      if (!next) return;
      event.preventDefault();
      next.focus();
    });
  }

  // --- timelines ---
  const nearest = (number, second) => tiles
    .filter((each) => Number(each.dataset.row) === number)
    .reduce((best, each) => (Math.abs(each.dataset.at - second) < Math.abs(best.dataset.at - second) ? each : best));
  rows.forEach((row, number) => {
    const { bar } = row;
    const secondAt = (event) => {
      const box = bar.getBoundingClientRect();
      return row.seconds * Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    };
    let down = null;
    bar.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      down = { x: event.clientX, second: secondAt(event), isDrag: false };
      bar.setPointerCapture(event.pointerId);
    });
    bar.addEventListener("pointermove", (event) => {
      if (!down || (!down.isDrag && Math.abs(event.clientX - down.x) < 5)) return;
      if (!down.isDrag) chooseMoment(number, down.second);
      down.isDrag = true;
      extend(secondAt(event));
    });
    bar.addEventListener("pointerup", (event) => {
      if (down && !down.isDrag) {
        const second = secondAt(event);
        const isEnd = chosen?.row === number && (event.shiftKey || toggles.until.ariaPressed === "true");
        if (isEnd) extend(second);
        else chooseMoment(number, second);
        const near = nearest(number, second);
        near.setAttribute("aria-current", "true");
        near.scrollIntoView({ block: "nearest" });
      }
      down = null;
    });
    bar.addEventListener("pointercancel", () => { down = null; });
    bar.addEventListener("keydown", (event) => {
      const little = Math.max(1, Math.round(row.seconds / 200));
      const by = { ArrowRight: little, ArrowUp: little, ArrowLeft: -little, ArrowDown: -little, PageUp: 10 * little, PageDown: -10 * little, Home: -row.seconds, End: row.seconds }[event.key];
      if (event.key === "Enter") enlarge(nearest(number, row.cursor));
      if (!by) return;
      event.preventDefault();
      const second = Math.min(row.seconds, Math.max(0, row.cursor + by));
      if (event.shiftKey) {
        if (chosen?.row !== number) chooseMoment(number, row.cursor);
        extend(second);
      } else chooseMoment(number, second);
    });
  });

  // --- the panel ---
  pad.addEventListener("change", show);
  for (const [name, button] of Object.entries(toggles)) {
    button.addEventListener("click", () => {
      button.ariaPressed = String(button.ariaPressed !== "true");
      if (name === "until" && button.ariaPressed === "true" && viewer.open) shrink();
      show();
      if (toggles.until.ariaPressed === "true") byId("when").textContent = "Now click the last picture.";
    });
  }
  byId("close").addEventListener("click", () => {
    if (viewer.open) shrink();
    choose(null);
  });
  document.addEventListener("keydown", (event) => {
    if (viewer.open && event.key === "Escape") {
      event.preventDefault();
      shrink();
    } else if (viewer.open && event.target !== pad) {
      const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (by) {
        event.preventDefault();
        turn(by);
      }
    } else if (event.key === "Escape") choose(null);
  });
  byId("copy").addEventListener("click", async () => {
    let isCopied = true;
    try {
      await navigator.clipboard.writeText(command.textContent);
    } catch {
      getSelection().selectAllChildren(command);  // where a page from the disk may not use the clipboard
      isCopied = document.execCommand("copy");
    }
    byId("copy").textContent = isCopied ? "Copied" : "Selected: press Ctrl+C";
  });
})();
