// "/" opens the search of the rail, unless somebody is typing or the page has a search field of its own.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.querySelector("#searchbar")) return;
  event.preventDefault();
  window.dispatchEvent(new CustomEvent("opencommand"));
});

// Enter without a choice takes the first answer; unfold's own handler stumbles there.
document.addEventListener(
  "keydown",
  (event) => {
    const chosen = document.querySelector("#command-results-list .active");
    if (event.key !== "Enter" || event.target.id !== "search-input-command" || chosen) return;
    event.preventDefault();
    event.stopPropagation();
    const first = document.querySelector("#command-results-list a");
    if (first) window.location.assign(first.href);
  },
  true,
);
