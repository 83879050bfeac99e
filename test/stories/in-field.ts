import { type Field, type FieldOptions, startField } from "./field.js";

/** The families of modems whose own LPA downloads: over the host's network, and over the modem's. */
export const modemDialects = ["quectel-iccid", "quectel-nwmode"] as const;
export type ModemDialect = (typeof modemDialects)[number];

/** Whoever could download here, these stories are about the modem's LPA. */
export const byModem = ["--lpa", "modem"] as const;

/** A story in a field of its own, which is gone afterwards: such stories may run side by side, since most of what they do is wait. */
export async function inField(options: FieldOptions, story: (field: Field) => Promise<void>): Promise<void> {
  const field = await startField(options);
  try {
    await story(field);
  } finally {
    await field.close();
  }
}
