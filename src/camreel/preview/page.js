"use strict";
(() => {
  const tiles = [...document.querySelectorAll(".tile")];
  const panel = document.getElementById("panel");
  const command = document.getElementById("command");
  const minutes = document.getElementById("minutes");
  const copy = document.getElementById("copy");
  const now = document.getElementById("now");
  const bar = document.querySelector("#timeline svg");
  let chosen = null;

  const show = () => {
    if (!chosen) return;
    document.getElementById("when").textContent = chosen.dataset.when;
    // Each word whole, where it fits: a line is not to be broken behind the dashes of an option.
    const words = chosen.dataset.line.replace(/\d+$/, minutes.value).split(" ");
    const spans = words.map((word) => Object.assign(document.createElement("span"), { textContent: word }));
    command.replaceChildren(...spans.flatMap((span, number) => (number ? [" ", span] : [span])));
    copy.textContent = "Copy";
  };
  const choose = (tile) => {
    if (chosen) chosen.setAttribute("aria-pressed", "false");
    chosen = tile;
    panel.hidden = !tile;
    now.classList.toggle("on", Boolean(tile));
    if (!tile) return;
    tile.setAttribute("aria-pressed", "true");
    now.setAttribute("x", String(1000 * Number(tile.dataset.at) - 1.5));
    show();
  };
  const columns = () => {
    const top = tiles[0].getBoundingClientRect().top;
    return Math.max(1, tiles.findIndex((tile) => tile.getBoundingClientRect().top > top + 4));
  };

  for (const tile of tiles) tile.addEventListener("click", () => choose(tile));
  bar.addEventListener("click", (event) => {
    const box = bar.getBoundingClientRect();
    const at = (event.clientX - box.left) / box.width;
    const far = (tile) => Math.abs(Number(tile.dataset.at) - at);
    const near = tiles.reduce((best, tile) => (far(tile) < far(best) ? tile : best));
    choose(near);
    near.scrollIntoView({ block: "center" });
    near.focus({ preventScroll: true });
  });
  minutes.addEventListener("change", show);
  document.getElementById("close").addEventListener("click", () => choose(null));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") choose(null);
    const at = tiles.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns(), ArrowUp: -columns() }[event.key];
    if (at < 0 || !step || !tiles[at + step]) return;
    event.preventDefault();
    tiles[at + step].focus();
  });
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
    } catch {
      getSelection().selectAllChildren(command);  // where a page from the disk may not use the clipboard
      document.execCommand("copy");
    }
    copy.textContent = "Copied";
  });
})();
