/** EC200x: profiles by ICCID, a result code in every answer, and a download that the modem does by its own network. */

import type { CancelTimer } from "../../../base/clock.js";
import { cme, cmeError, incorrectParameters, ok } from "../answers.js";
import { type Handler, numberAt, stringAt } from "../command-set.js";
import type { DialectParts, DialectSession, FakeDialect } from "./dialect.js";
import { activationCodeOf, iccidOf, nicknameOf, type ProfileChange } from "./lpa-operations.js";
import { qesimForms, quoted } from "./qesim.js";
import { downloadCode, operationCode, quectelCodes, resultText } from "./quectel-codes.js";

const syntax = [
  '"eid"',
  '"list",(0,1)',
  '"enable",<iccid>',
  '"disable",<iccid>',
  '"delete",<iccid>',
  '"nickname",<nickname>,<iccid>',
  '"download",(0,1),<activation_code>[,<confirmation_code>]',
];

export const quectelNwmode: FakeDialect = {
  name: "quectel-nwmode",
  summary: "Quectel EC200: the modem downloads by its own network",
  identity: { manufacturer: "Quectel", model: "EC200U", revision: "EC200UEUAAR03A02M08" },
  start,
};

function start(parts: DialectParts): DialectSession {
  const { sim, operations } = parts;
  const own = new OwnDownload(parts);
  const say = (operation: string, code: number): string => `+QESIM: "${operation}",${resultText(code)}`;

  const change =
    (name: ProfileChange): Handler =>
    (parameters) => {
      const iccid = iccidOf(stringAt(parameters, 0));
      if (parameters.length !== 1 || iccid === undefined) return incorrectParameters;
      if (own.isRunning) return ok(say(name, quectelCodes.systemBusy));
      const { result, after } = operations.change(name, iccid);
      return { ...ok(say(name, operationCode(name, result))), after };
    };

  const forms = qesimForms(
    sim,
    {
      eid: (parameters) =>
        parameters.length === 0 ? ok(`+QESIM: "eid",0,"${operations.eid()}"`) : incorrectParameters,
      list: (parameters) => {
        // What the modes mean is not known; both list everything.
        if (parameters.length !== 1 || numberAt(parameters, 0, 0, 1) === undefined) return incorrectParameters;
        const rows = operations.list().map((profile) => {
          const state = profile.state === "enabled" ? 1 : 0;
          return `+QESIM: "list",0,${profile.iccid},${state},${quoted(profile.nickname)},${quoted(profile.serviceProvider)}`;
        });
        return rows.length === 0 ? ok('+QESIM: "list",0') : ok(...rows);
      },
      enable: change("enable"),
      disable: change("disable"),
      delete: change("delete"),
      nickname: (parameters) => {
        const nickname = nicknameOf(stringAt(parameters, 0));
        const iccid = iccidOf(stringAt(parameters, 1));
        if (parameters.length !== 2 || iccid === undefined || nickname === undefined) return incorrectParameters;
        return ok(say("nickname", operationCode("nickname", operations.nickname(iccid, nickname))));
      },
      download: (parameters) => {
        const mode = numberAt(parameters, 0, 0, 1);
        const text = stringAt(parameters, 1);
        const confirmationCode = parameters.length === 3 ? stringAt(parameters, 2) : undefined;
        if (mode === undefined || text === undefined || parameters.length > 3) return incorrectParameters;
        if (parameters.length === 3 && confirmationCode === undefined) return incorrectParameters;
        // Probably a relay by the host; nothing is known of its form.
        if (mode === 1) return cmeError(cme.notSupported);
        return own.begin(text, confirmationCode);
      },
    },
    syntax,
  );
  return { commands: { "+QESIM": forms }, isDownloading: () => own.isRunning, powerOff: () => own.powerOff() };
}

/** The one download that can run at a time: OK at once, the end as a URC. */
class OwnDownload {
  readonly #parts: DialectParts;
  #running: AbortController | undefined;
  #cancelResult: CancelTimer | undefined;

  constructor(parts: DialectParts) {
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  begin(activationCode: string, confirmationCode: string | undefined): ReturnType<Handler> {
    const code = activationCodeOf(activationCode);
    const refuse = (result: number): ReturnType<Handler> => ok(`+QESIM: "download",${resultText(result)}`);
    if (code === undefined) return refuse(quectelCodes.activationCode);
    if (this.isRunning) return refuse(quectelCodes.systemBusy);
    const running = new AbortController();
    this.#running = running;
    const { downloads, ownNetwork } = this.#parts;
    const { smdpAddress, matchingId } = code;
    const post = ownNetwork(smdpAddress, running.signal);
    const run = async (): Promise<void> => {
      // The modem finds out only when it tries: no network, no HTTPS.
      if (!this.#parts.registration.isRegistered) {
        this.#end(running, quectelCodes.httpsError);
        return;
      }
      const outcome = await downloads.run({ smdpAddress, matchingId, confirmationCode, post });
      this.#end(running, outcome.ok ? 0 : downloadCode(outcome));
    };
    return { ...ok(), after: () => void run() };
  }

  powerOff(): void {
    const running = this.#running;
    this.#running = undefined;
    running?.abort();
    this.#cancelResult?.();
  }

  #end(running: AbortController, code: number): void {
    // A download that the power ended has no result.
    if (this.#running !== running) return;
    this.#running = undefined;
    const { clock, world, emit } = this.#parts;
    const { completionDelayMs, completionMissing } = world();
    if (completionMissing) return;
    const say = (): void => emit(`+QESIM: "download",${resultText(code)}`);
    if (completionDelayMs === 0) say();
    else this.#cancelResult = clock.setTimer(completionDelayMs, say);
  }
}
