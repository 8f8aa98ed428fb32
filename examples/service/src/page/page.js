// What a script can do better. Without it everything works all the same.
"use strict";

const code = document.getElementById("code");
const resend = document.getElementById("resend");

// A button pressed twice sends its form once: the second answer would say of a right code that it was used.
let sent = -Infinity;
document.addEventListener("submit", (event) => {
  if (event.timeStamp - sent < 1000) event.preventDefault();
  else sent = event.timeStamp;
});

if (code) {
  // A whole message may be pasted; a code with spaces, too.
  code.addEventListener("paste", (event) => {
    const found = codeIn(event.clipboardData.getData("text"), Number(code.dataset.length));
    if (found === null) return;
    event.preventDefault();
    code.value = found;
  });
  if ("sms" in code.dataset && "OTPCredential" in window) readMessage();
}

// Counts down what is left, not to a time of day: the clock of this device may be wrong.
if (resend && Number(resend.dataset.seconds) > 0) countDown(Date.now() + 1000 * Number(resend.dataset.seconds));

// The one code of that length in a text; of other digits, times and prices say, it can tell it by the length alone.
function codeIn(text, length) {
  const bare = (run) => run.replace(/[\s-]/g, "");
  if (/^\d+$/.test(bare(text))) return bare(text);
  for (const runs of [/\d+/g, /\d(?:[\s-]?\d)*/g]) {
    const found = new Set((text.match(runs) ?? []).map(bare).filter((run) => run.length === length));
    if (found.size > 0) return found.size === 1 ? [...found][0] : null;
  }
  return null;
}

// The phone asks whether the code of its message may be filled in (WebOTP). It is not sent off: that is the person's to do.
async function readMessage() {
  const ended = new AbortController();
  code.form.addEventListener("submit", () => ended.abort());
  try {
    const received = await navigator.credentials.get({ otp: { transport: ["sms"] }, signal: ended.signal });
    if (received && code.value === "") code.value = received.code;
  } catch {
    // Refused, or there is no such message: it is typed.
  }
}

function countDown(end) {
  const left = Math.ceil((end - Date.now()) / 1000);
  resend.disabled = left > 0;
  resend.querySelector("span").textContent = left > 0 ? ` in ${left} s` : "";
  if (left > 0) setTimeout(countDown, 250, end);
  // Said once, at the end: a voice that counts seconds is in the way of typing.
  else document.getElementById("ready").textContent = "The code can be sent again now.";
}
