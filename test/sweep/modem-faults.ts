import type { Behaviour } from "../../src/emulator/modem/behaviours.js";

/** What a modem does with one line in place of what it should; by the emulator's own behaviours. */
export const modemFaults: Readonly<Record<string, Omit<Behaviour, "nth" | "command">>> = {
  "is refused": { do: { kind: "error" } },
  "is refused although it was carried out": { do: { kind: "error", executed: true } },
  "gets +CME ERROR: 13": { do: { kind: "error", number: 13 } },
  "gets +CME ERROR: 100": { do: { kind: "error", number: 100 } },
  "gets +CME ERROR: 100 although it was carried out": { do: { kind: "error", number: 100, executed: true } },
  "meets a busy SIM": { do: { kind: "busy" } },
  "is lost": { do: { kind: "silence" } },
  "loses its answer": { do: { kind: "silence", executed: true } },
  "is answered after 30 s": { delayMs: 30_000, do: { kind: "answer" } },
  "is answered after four minutes": { delayMs: 250_000, do: { kind: "answer" } },
  "is answered behind noise": { do: { kind: "garbage", bytes: 40 } },
  "is answered with nonsense": { do: { kind: "raw", text: '\r\n+CGLA: 4,"ZZZZ"\r\n\r\nOK\r\n' } },
  "is answered with far too much": {
    do: { kind: "raw", text: `\r\n+CGLA: 4000,"${"6".repeat(4000)}"\r\n\r\nOK\r\n` },
  },
  "loses its channel": { do: { kind: "restart", what: "card" } },
  "restarts the card once it was carried out": { do: { kind: "restart", what: "card", executed: true } },
  "restarts the modem": { do: { kind: "restart", what: "modem", executed: true } },
  "is the last before the line breaks": {
    do: { kind: "unplug", when: "executed", keepsPower: true, replugAfterMs: 2_000 },
  },
  "is the last before the modem loses its power": { do: { kind: "unplug", when: "executed", replugAfterMs: 2_000 } },
  "never arrives, the modem is pulled out": { do: { kind: "unplug", when: "before", replugAfterMs: 2_000 } },
};
