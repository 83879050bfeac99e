import { dialogOf, openAlone } from "./dialogs.js";
import { byId } from "./dom.js";

/** A serial number by hand, where a label cannot be read. */
export function serialDialog(scan: (text: string, slot?: number) => void): { open(): void } {
  const dialog = dialogOf("serial-dialog");
  const form = byId("serial-form", HTMLFormElement);
  const serial = byId("serial", HTMLInputElement);
  const slot = byId("serial-slot", HTMLInputElement);
  form.addEventListener("submit", () => {
    const number = Number(slot.value.trim());
    if (slot.value.trim() !== "" && number >= 1) scan(serial.value.trim(), number);
    else scan(serial.value.trim());
    form.reset();
  });
  return {
    open: () => {
      openAlone(dialog);
      serial.focus();
    },
  };
}
