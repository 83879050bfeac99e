import { z } from "zod";
import { parseEid } from "../../base/identifiers.js";
import { durationForm } from "./duration.js";
import { absolutePath, duration, keyDocs, list, parsed, text, wholeNumber } from "./schema-kinds.js";

/** The table `[modem]`. */
export const modem = z.strictObject({
  port: text.optional().register(keyDocs, {
    allowed: "a tty path, tcp://HOST:PORT, unix:/PATH, auto or all",
    meaning:
      "The modem's AT port; `auto` takes the one that is found, if there is one modem, and with `all` the daemon serves every one that is there or comes ([daemon](daemon.md)). Prefer a name that stays, as in /dev/serial/by-id.",
    flag: "--port",
  }),
  dialect: text
    .regex(/^[a-z0-9-]{1,40}$/)
    .prefault("auto")
    .register(keyDocs, {
      allowed: '"auto" or the name of a dialect (lower-case letters, digits, hyphens)',
      meaning: "Which AT dialect to speak. `auto` finds it out by probing.",
      flag: "--dialect",
    }),
  lpa: z
    .enum(["auto", "host", "modem"])
    .prefault("auto")
    .register(keyDocs, {
      allowed: list(["auto", "host", "modem"]),
      meaning: "Whose LPA downloads: esimd's own (`host`) or the modem's (`modem`).",
      flag: "--lpa",
    }),
  take_isdr: z.boolean().prefault(false).register(keyDocs, {
    allowed: "true or false",
    meaning:
      "Consent to switch off a modem's own LPA that holds the eUICC (Quectel `lpa_enable`) and to reset the modem, so that esimd's LPA gets to it. The setting stays in the modem.",
  }),
  expected_eid: parsed((value) => parseEid(value, "modem.expected_eid"))
    .optional()
    .register(keyDocs, {
      allowed: "an EID of 32 digits with the right check digits",
      meaning: "Refuse any other eUICC, before anything is reserved.",
    }),
  wake_wait: duration(1000)
    .prefault("60s")
    .register(keyDocs, {
      allowed: `${durationForm}, at least 1s`,
      meaning:
        "How long the modem may be silent when its port was opened; one that was just plugged in takes up to 45 s.",
    }),
  sim_slot: wholeNumber(0, 4).optional().register(keyDocs, {
    allowed: "a whole number from 0 to 4, as the modem's manual counts its slots",
    meaning:
      "The SIM slot of the eUICC, and the consent to switch the modem to it. The setting stays in the modem; a link over another slot ends. Without it no slot is switched.",
  }),
  apn: text
    .regex(/^[A-Za-z0-9.-]{1,100}$/)
    .optional()
    .register(keyDocs, {
      allowed: "an APN (letters, digits, dots, hyphens)",
      meaning:
        "Written into the modem's first packet context once the profile is enabled, if another one stands there; put back if the modem does not take the profile up. Without it the context is left alone.",
    }),
  baud: z
    .union([z.enum(["keep", "auto"]), z.int().min(1200).max(4_000_000)])
    .prefault("keep")
    .register(keyDocs, {
      allowed: '"keep" (115200), "auto", or a baud rate',
      meaning:
        "Speed of a real UART. `auto` raises it for the run to the highest rate that both ends hold (AT+IPR) and goes back at its end. A USB port has no speed, and is left alone.",
    }),
  return_wait: duration(0).prefault("60s").register(keyDocs, {
    allowed: durationForm,
    meaning:
      "How long one run waits for a modem that disappeared while it was in use, under whatever name it comes back.",
  }),
  inhibit_modem_manager: z
    .enum(["auto", "never"])
    .prefault("auto")
    .register(keyDocs, {
      allowed: list(["auto", "never"]),
      meaning:
        "`auto` asks ModemManager (`mmcli --inhibit-device`) to leave the modem alone while esimd works, where it manages that modem and no udev rule keeps it from the port.",
    }),
  dialects: absolutePath.prefault("/etc/esimd/dialects").register(keyDocs, {
    allowed: "an absolute path",
    meaning: "Folder of TOML files that change a dialect or add one ([dialects](dialects.md)); it need not exist.",
    path: true,
  }),
});
