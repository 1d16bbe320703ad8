// Keys of the inbox, and what of it a server cannot know: where the reader is, and what they have before them.
(function () {
    "use strict";

    var pane = function () { return document.getElementById("pane"); };
    var rows = function () { return Array.from(document.querySelectorAll(".inbox-row")); };
    var openKey = function () { return pane() ? pane().dataset.open || "" : ""; };
    var current = function () { return rows().findIndex(function (row) { return row.dataset.pk === openKey(); }); };

    function mark() {
        rows().forEach(function (row) {
            if (row.dataset.pk === openKey()) { row.setAttribute("aria-current", "true"); }
            else { row.removeAttribute("aria-current"); }
        });
    }

    function move(step) {
        var all = rows(), next = all[current() + step] || (current() < 0 ? all[0] : null);
        if (next) { next.click(); next.scrollIntoView({ block: "nearest" }); }
    }

    // Who marks one as done goes on to the next; the server is told which that is.
    function nameNext() {
        var field = document.querySelector("#done input[name=next]");
        if (!field) { return; }
        var all = rows(), next = all[current() + 1] || all[current() - 1];
        field.value = next ? next.dataset.pk : "";
    }

    function isTyping(target) {
        return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && target.type !== "checkbox";
    }

    document.addEventListener("keydown", function (event) {
        var reply = document.getElementById("reply");
        if (event.target === reply && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            var send = reply.form.querySelector(".btn-main[type=submit]");
            if (send) { send.click(); }
            return;
        }
        if (event.target === reply && event.key === "Escape") { reply.blur(); return; }
        if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event.target)) { return; }
        if (event.key === "j") { move(1); }
        else if (event.key === "k") { move(-1); }
        else if (event.key === "r" && reply) { event.preventDefault(); reply.focus(); }
        else if (event.key === "e" && document.getElementById("done")) { nameNext(); document.getElementById("done").requestSubmit(); }
    });

    document.addEventListener("submit", function (event) { if (event.target.id === "done") { nameNext(); } });

    // Whoever has not begun to write has seen what stands there; whoever has is asked about what came in since.
    function noteSeen() {
        var poll = document.getElementById("conversation-poll"), reply = document.getElementById("reply");
        var seen = document.querySelector("#composer input[name=seen]");
        if (poll && reply && seen && reply.value === "") { seen.value = poll.dataset.seen; }
    }

    function problem(text) {
        var place = document.getElementById("composer-problem");
        if (place) { place.textContent = text; place.hidden = !text; }
    }

    // With the swap itself, so that whoever begins to write as soon as a text stands there has seen it.
    document.addEventListener("htmx:afterSwap", noteSeen);
    document.addEventListener("htmx:afterSettle", function (event) {
        mark();
        noteSeen();
        var composer = document.getElementById("composer");
        if (composer && event.target === composer) {
            problem("");
            var reply = document.getElementById("reply");
            if (reply) { reply.focus(); reply.setSelectionRange(reply.value.length, reply.value.length); }
        }
    });

    // A text that could not be handed over stays where it is, and its writer is told.
    function failed(event) {
        if (!event.detail.elt.closest("#composer") || event.detail.elt.id === "reply") { return; }
        var status = event.detail.xhr ? event.detail.xhr.status : 0;
        problem(status === 401 || status === 403
            ? "You are signed out, or may not do this any more. Nothing was sent. Your text is still here: copy it, then sign in again."
            : "The server could not be reached. Your text is still here; press Send again. It goes out once, however often you press.");
    }
    document.addEventListener("htmx:responseError", failed);
    document.addEventListener("htmx:sendError", failed);
})();
