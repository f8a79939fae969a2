"use strict";
const form = document.querySelector(".filters");
if (form) {
  const rows = [...form.parentElement.querySelectorAll("tbody > tr[data-severity]")];
  const narrow = () => {
    const wanted = new FormData(form);
    const text = wanted.get("text").toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = (!wanted.get("severity") || row.dataset.severity === wanted.get("severity"))
        && (!wanted.get("system") || row.dataset.system === wanted.get("system"))
        && row.textContent.toLowerCase().includes(text);
      row.hidden = !fits;
      shown += fits;
    }
    form.querySelector("output").textContent = `${shown} / ${rows.length}`;
  };
  form.addEventListener("input", narrow);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  narrow();
}
