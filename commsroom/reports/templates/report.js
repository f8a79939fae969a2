"use strict";
const form = document.querySelector(".filters");
if (form) {
  const cards = [...form.parentElement.querySelectorAll("article")]
    .map((card) => ({card, words: card.textContent.toLowerCase()}));
  const output = form.querySelector("output");
  const nothing = form.parentElement.querySelector(".nothing");
  let waiting;
  const narrow = () => {
    const wanted = new FormData(form);
    const text = wanted.get("text").trim().toLowerCase();
    const chosen = ["standing", "system", "kind"].filter((name) => wanted.get(name));
    let shown = 0;
    for (const {card, words} of cards) {
      card.hidden = !(words.includes(text)
        && chosen.every((name) => card.dataset[name] === wanted.get(name)));
      shown += !card.hidden;
    }
    nothing.hidden = shown > 0;
    output.textContent = form.dataset.said
      .replace("{shown}", shown).replace("{total}", cards.length);
  };
  // A reader of the count must not hear it at every letter.
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(narrow, 150);
  });
  // A reset form has its first values only after this event.
  form.addEventListener("reset", () => setTimeout(narrow));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  narrow();

  if (navigator.clipboard) {
    for (const command of form.parentElement.querySelectorAll(".command")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = form.dataset.copy;
      command.after(" ", button);
    }
    form.parentElement.addEventListener("click", async (event) => {
      const button = event.target.closest(".copy");
      if (!button) return;
      await navigator.clipboard.writeText(button.previousElementSibling.textContent);
      button.textContent = form.dataset.copied;
      output.textContent = form.dataset.copied;
      setTimeout(() => { button.textContent = form.dataset.copy; }, 2000);
    });
  }
}
// Paper cannot be opened: what is folded away is printed too, and folded again afterwards.
const folded = () => [...document.querySelectorAll("details:not([open])")];
let opened = [];
addEventListener("beforeprint", () => {
  opened = folded();
  for (const part of opened) part.open = true;
});
addEventListener("afterprint", () => {
  for (const part of opened) part.open = false;
});
