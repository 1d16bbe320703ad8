// The draft page: merge tags go in at the caret, and what the server put in place of the message is announced like typing.
"use strict";

const message = () => document.getElementById("id_message");
const announce = () => message().dispatchEvent(new Event("input", { bubbles: true }));

function insertTag(name) {
  const field = message();
  const fallback = (document.getElementById("fallback")?.value ?? "").trim().replaceAll('"', "'");
  const tag = fallback ? `{{ ${name} | default: "${fallback}" }}` : `{{ ${name} }}`;
  field.focus();
  field.setRangeText(tag, field.selectionStart, field.selectionEnd, "end");
  announce();
}

document.addEventListener("click", (event) => {
  const tag = event.target.closest("[data-tag]");
  if (tag) insertTag(tag.dataset.tag);
  const opener = event.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog").close();
});

// Enter in a box of a tool does not save the draft.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.matches("[data-no-save]")) event.preventDefault();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target.id === "id_message") announce();
});

// Words that stand there are not replaced without a question.
document.addEventListener("htmx:confirm", (event) => {
  if (!event.target.matches("[data-replaces]")) return;
  event.preventDefault();
  if (!message().value.trim() || window.confirm("Replace the message that stands there?")) event.detail.issueRequest(true);
  else event.target.value = "";
});
