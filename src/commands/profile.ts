import { EsimdError } from "../base/errors.js";
import { quote } from "../base/identifiers.js";
import type { Command, CommandContext, ParsedArgs } from "./command.js";
import { commonFlags } from "./common-flags.js";
import { callEuicc, type EuiccCall, euiccFlags } from "./euicc-call.js";
import { changeState, deleteOne, nameOne } from "./profile-change.js";
import { downloadOne } from "./profile-download.js";
import { listProfiles } from "./profile-list.js";

type Action = (call: EuiccCall) => Promise<number>;

const actions: Readonly<Record<string, Action>> = {
  list: listProfiles,
  download: downloadOne,
  enable: (call) => changeState(call, "enable"),
  disable: (call) => changeState(call, "disable"),
  delete: deleteOne,
  nickname: nameOne,
};

/** `esimd profile …`: the profiles on the eUICC, by hand. It needs no API account, reserves nothing and spends nothing. */
export const profileCommand: Command = {
  name: "profile",
  summary: "the profiles on the eUICC: list, download, enable, disable, delete, name",
  positionals: "list|download|enable ICCID|disable ICCID|delete ICCID|nickname ICCID NAME",
  flags: {
    ...euiccFlags,
    ...commonFlags("confirmation-code-file"),
    "activation-code": {
      type: "string",
      value: "CODE",
      help: "download: the code; - reads it from stdin, @FILE from a file (a value can be seen in the process list).",
    },
    smdp: { type: "string", value: "HOST", help: "download: the SM-DP+, without a code: what it has for this EID." },
    "matching-id": { type: "string", value: "ID", help: "download: with --smdp, the matching id of the order." },
    preview: { type: "boolean", help: "download: show what is offered and load nothing; the order stays as it was." },
    confirm: { type: "string", value: "ICCID", help: "delete: the whole ICCID, in place of typing it." },
    irrevocable: {
      type: "boolean",
      help: "delete: also a profile that was paid for, or may have been, which installs only once.",
    },
  },
  run: (context: CommandContext, args: ParsedArgs) => {
    const [name] = args.positionals;
    const action = name !== undefined && Object.hasOwn(actions, name) ? actions[name] : undefined;
    if (action !== undefined) return callEuicc(context, args, action);
    const known = Object.keys(actions).join(", ");
    throw new EsimdError(
      "usage",
      name === undefined
        ? `profile: say what to do: ${known}`
        : `profile: there is no ${quote(name)}; there are ${known}`,
      { hint: "See `esimd help profile`." },
    );
  },
};
