import { z } from "zod";
import { keyDocs, text, wholeNumber } from "./schema-kinds.js";

/** The table `[outbox]`. */
export const outbox = z.strictObject({
  device: text
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .optional()
    .register(keyDocs, {
      allowed: 'letters, digits, ".", "_" and "-", at most 64',
      meaning:
        "How this device is called in events and MQTT topics. Two devices with one name push each other off a broker.",
      defaultText: "16 hex digits made from the machine id",
    }),
  max_bytes: wholeNumber(65_536, 1_073_741_824).prefault(4_194_304).register(keyDocs, {
    allowed: "a whole number from 65536 to 1073741824",
    meaning:
      "What reports that wait may take on the disk, in bytes, counted in blocks of 4096. Beyond it the oldest are dropped, and the receivers are told which.",
  }),
  max_events: wholeNumber(10, 100_000).prefault(1000).register(keyDocs, {
    allowed: "a whole number from 10 to 100000",
    meaning: "How many reports may wait.",
  }),
});
