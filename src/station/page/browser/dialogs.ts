import { byId } from "./dom.js";

/** A dialog of the page; the browser itself gives the focus back to where it was, and closes it with Escape. */
export function dialogOf(id: string): HTMLDialogElement {
  const dialog = byId(id, HTMLDialogElement);
  dialog.querySelector(".close")?.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  return dialog;
}

/** One at a time: what is opened takes the place of what was. */
export function openAlone(dialog: HTMLDialogElement): void {
  for (const other of document.querySelectorAll("dialog")) if (other !== dialog && other.open) other.close();
  if (!dialog.open) dialog.showModal();
}

/** A button that wants to be pressed twice, for what cannot be taken back. */
export function twice(button: HTMLButtonElement, question: string, act: () => void): void {
  const text = button.textContent;
  button.addEventListener("click", () => {
    if (button.dataset["asked"] !== "yes") {
      button.dataset["asked"] = "yes";
      button.textContent = question;
      return;
    }
    act();
    rest();
  });
  const rest = (): void => {
    delete button.dataset["asked"];
    button.textContent = text;
  };
  button.addEventListener("blur", rest);
}
