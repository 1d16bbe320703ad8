// Tells the server on which clock this person lives, so that the inbox tells times on it. A page that was written for
// another clock is loaded anew, once: only if the browser has kept the cookie, and nobody has begun to write.
(function () {
    "use strict";

    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    var cookie = "clock=" + encodeURIComponent(zone || "");
    var kept = function () { return document.cookie.split("; ").indexOf(cookie) >= 0; };

    if (!zone || kept()) { return; }
    document.cookie = cookie + "; path=/; max-age=31536000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
    document.addEventListener("DOMContentLoaded", function () {
        var reply = document.getElementById("reply");
        if (kept() && document.querySelector(".inbox") && !(reply && reply.value)) { location.reload(); }
    });
})();
