import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import { largestBatch } from "../provision/batch/entries.js";
import type { Command } from "./command.js";
import { commonFlags, everyFlag } from "./common-flags.js";
import { callReserve } from "./reserve-call.js";
import { adoptItem, releaseItem } from "./reserve-change.js";
import { listBatches } from "./reserve-list.js";
import { makeBatch } from "./reserve-make.js";

/** `esimd reserve`: activation codes in a batch, for labels and phones; what was made, and deciding what is in doubt. */
export const reserveCommand: Command = {
  name: "reserve",
  summary: "activation codes in a batch, paid for once and recorded: make, list, decide",
  positionals: "[list]",
  flags: {
    ...commonFlags(...everyFlag, "provider"),
    count: { type: "string", value: "N", help: `How many codes the batch is to have, at most ${largestBatch}.` },
    "activation-code": { type: "boolean", help: "Make activation codes; nothing else is reserved ahead." },
    batch: {
      type: "string",
      value: "NAME",
      help: "The batch: one to go on with, or a name for a new one (else the time).",
    },
    parallel: { type: "string", value: "P", help: "How many items are under way at once, 1 to 16 (4)." },
    "go-on": { type: "boolean", help: "An item in doubt does not stop the others; three in a row do." },
    out: {
      type: "string",
      value: "FILE",
      help: "Write the codes to FILE (.csv or .jsonl, mode 0600), never over another.",
    },
    "show-codes": { type: "boolean", help: "Show the codes whole on stdout." },
    "dry-run": {
      type: "boolean",
      help: "Show what would be done and what it may cost; nothing is asked for or written.",
    },
    offline: { type: "boolean", help: "list: show what the ledger knows; the provider is not asked." },
    adopt: { type: "string", value: "SID", help: "An item in doubt is this reservation; it is asked for first." },
    item: { type: "string", value: "ITEM", help: "--adopt: which item, in place of the one nearest in time." },
    release: { type: "string", value: "ITEM", help: "Give this item up: no refund, and one more is allowed." },
    confirm: { type: "string", value: "NAME/ITEM", help: "--release: these words, in place of typing them." },
    why: { type: "string", value: "TEXT", help: "--adopt, --release: why, for the ledger." },
  },
  run: (context, args) => {
    const [word] = args.positionals;
    if (word !== undefined && word !== "list") {
      throw new EsimdError("usage", `reserve: there is no ${quote(word)}; there is list`, {
        hint: "See `esimd help reserve`.",
      });
    }
    const adopt = args.text("adopt");
    const wishes = [word, adopt, args.text("release"), args.has("activation-code") ? "make" : undefined];
    if (wishes.filter((wish) => wish !== undefined).length > 1) {
      throw new EsimdError("usage", "reserve: list, --adopt, --release and --activation-code are one thing each", {
        hint: "See `esimd help reserve`.",
      });
    }
    return callReserve(context, args, (call) => {
      if (word === "list") return listBatches(call);
      if (adopt !== undefined) return adoptItem(call, adopt);
      return args.text("release") === undefined ? makeBatch(call) : releaseItem(call);
    });
  },
};
