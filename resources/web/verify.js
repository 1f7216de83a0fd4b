"use strict";
// A code in the link stands behind "#", so that it is never part of an address that a server writes down.
const field = document.getElementById("code");
const raw = location.hash.slice(1);
if (raw) {
  history.replaceState(null, "", location.pathname);
  try {
    field.value = decodeURIComponent(raw);
  } catch {
    field.value = raw;
  }
  document.getElementById("code-form").submit();
}
document.getElementById("file").addEventListener("change", (event) => {
  if (event.target.files.length) event.target.form.requestSubmit();
});
for (const form of document.forms) {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button");
    button.disabled = true;
    button.textContent = "正在核验…";
  });
}
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.replace(location.pathname);
});
