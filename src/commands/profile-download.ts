import { EsimdError } from "../base/errors.js";
import {
  type ActivationCode,
  maskIdentifiers,
  parseActivationCode,
  parseMatchingId,
  parseSmdpAddress,
} from "../base/identifiers.js";
import { type DownloadEnd, downloadProfile } from "../daemon/profiles/download.js";
import type { LockedEuicc } from "../daemon/profiles/session.js";
import type { DownloadStage, OfferedProfile } from "../lpa/lpa.js";
import { type EuiccCall, showResult, warn, wordsOf } from "./euicc-call.js";
import { oneLine } from "./failure.js";
import { askSecretly, askYesNo, canAsk, readLine, readLineOfFile } from "./prompt.js";

/** `esimd profile download`. */
export async function downloadOne(call: EuiccCall): Promise<number> {
  wordsOf("profile", call.args, []);
  const activationCode = await codeOf(call);
  const { matchingId } = activationCode;
  if (matchingId !== undefined) call.redactor.addSecret(matchingId);
  const confirmationCode = await confirmationCodeOf(call, activationCode);
  const { progress, signal, args } = call;
  const previewOnly = args.has("preview");
  return call.change(async (euicc) => {
    progress.state("downloading", `Asking the SM-DP+ ${activationCode.smdpAddress} for the profile.`);
    const end = await downloadProfile(
      euicc,
      {
        activationCode,
        confirmationCode,
        previewOnly,
        agree: (offer, abort) => agree(call, offer, abort),
        onProgress: (stage, doneBytes, totalBytes) => showStage(call, stage, doneBytes, totalBytes),
      },
      signal,
    );
    progress.done();
    show(call, euicc, end);
    return 0;
  }, true);
}

/** @throws EsimdError `usage`, `bad_activation_code`, `bad_input`; none of them repeats a code. */
async function codeOf(call: EuiccCall): Promise<ActivationCode> {
  const { args } = call;
  const given = args.text("activation-code");
  const smdp = args.text("smdp");
  const matchingId = args.text("matching-id");
  if ((given === undefined) === (smdp === undefined)) {
    throw new EsimdError("usage", "profile download: say where the profile is, in one way", {
      hint: "Give --activation-code - (from stdin), --activation-code @FILE, or --smdp HOST and perhaps --matching-id ID.",
    });
  }
  if (given === undefined) {
    return {
      smdpAddress: parseSmdpAddress(smdp ?? "", "--smdp"),
      matchingId: matchingId === undefined ? undefined : parseMatchingId(matchingId, "--matching-id"),
      smdpOid: undefined,
      confirmationCodeRequired: false,
    };
  }
  if (matchingId !== undefined) {
    throw new EsimdError(
      "usage",
      "profile download: --matching-id goes with --smdp, and an activation code has its own",
    );
  }
  return parseActivationCode(await textOf(call, given), "--activation-code");
}

async function textOf(call: EuiccCall, given: string): Promise<string> {
  const { context, signal } = call;
  if (given === "-") {
    if (canAsk(context)) context.stderr("Activation code: ");
    return (await readLine(context.stdin, signal)) ?? "";
  }
  if (given.startsWith("@")) return readLineOfFile(given.slice(1), "--activation-code");
  context.stderr(
    "An activation code on the command line can be seen in the process list; --activation-code - or @FILE keep it out of there.\n",
  );
  return given;
}

/** From a credential or a file, else asked for on a terminal where the activation code says that there is one; never from argv. */
async function confirmationCodeOf(call: EuiccCall, code: ActivationCode): Promise<string | undefined> {
  const known = call.config.download.confirmationCode;
  if (known !== undefined || !code.confirmationCodeRequired || call.args.has("preview")) return known;
  if (!canAsk(call.context)) {
    throw new EsimdError("usage", "profile download: the activation code asks for a confirmation code as well", {
      hint: "Give it with --confirmation-code-file FILE, or as the credential esimd_confirmation_code.",
    });
  }
  const typed = (await askSecretly(call.context, "Confirmation code: ", call.signal)).trim();
  call.redactor.addSecret(typed);
  return typed === "" ? undefined : typed;
}

/** Shows the offer, and asks where there is somebody to be asked. @throws EsimdError `not_confirmed`. */
async function agree(call: EuiccCall, offer: OfferedProfile | undefined, signal: AbortSignal): Promise<void> {
  const { context, args, progress } = call;
  const text =
    offer === undefined ? "This modem does not show what is offered." : `The SM-DP+ offers ${offerText(offer)}.`;
  if (offer !== undefined) {
    const { serviceProvider: provider, name, iccid } = offer;
    progress.state("offered", text, { offer: { provider, name, iccid } });
  }
  if (args.has("yes") || !canAsk(context)) return;
  progress.done();
  if (await askYesNo(context, `${text} Download it?`, signal)) return;
  throw new EsimdError("not_confirmed", "the profile was not wanted; nothing was loaded, and the order lives on", {
    hint: "Run again to download it.",
  });
}

function offerText({ serviceProvider, name, iccid }: OfferedProfile): string {
  return `"${oneLine(name)}" of ${oneLine(serviceProvider)}, ICCID ${maskIdentifiers(iccid)}`;
}

function showStage(call: EuiccCall, stage: DownloadStage, doneBytes: number, totalBytes: number): void {
  const share = totalBytes > 0 ? `: ${doneBytes} of ${totalBytes} bytes` : "";
  // As in a run of provisioning: only a living line and programs get every step.
  if (call.args.has("json") || totalBytes === 0 || doneBytes === totalBytes || call.context.stderrIsTerminal) {
    call.progress.state("downloading", `Downloading the profile, ${stage}${share}.`, { stage, doneBytes, totalBytes });
  }
}

function show(call: EuiccCall, { port, eid, lpa }: LockedEuicc, end: DownloadEnd): void {
  const { offer } = end;
  const common = {
    schema: "esimd.profile-download/1",
    port,
    eid,
    lpa: lpa.kind,
    offer: offer === undefined ? null : { provider: offer.serviceProvider, name: offer.name, iccid: offer.iccid },
  };
  if (end.kind === "previewed") {
    const { serviceProvider, name, iccid } = end.offer;
    const text = `offered: ${iccid} "${oneLine(name)}" of ${oneLine(serviceProvider)}; nothing was loaded\n`;
    showResult(call, { ...common, changed: false, iccid: null, notifications: null, error: null }, text);
    return;
  }
  const { iccid, isNew, told, complaint } = end;
  if (complaint !== undefined) {
    warn(call, `The download reported a failure, and the profile is on the eUICC all the same: ${complaint.message}`);
  }
  if (told.kind === "kept") {
    warn(call, "The SM-DP+ has not heard of the installation yet: `esimd notification process` tells it later.");
  }
  const text = isNew
    ? `${iccid} is on the eUICC, disabled; next: esimd profile enable ${iccid}\n`
    : `${iccid} was on the eUICC already; nothing was loaded\n`;
  showResult(call, { ...common, changed: isNew, iccid, notifications: told.kind, error: null }, text);
}
