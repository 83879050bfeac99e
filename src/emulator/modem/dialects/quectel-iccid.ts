/** EC25, EG25-G, EG21-G: profiles by ICCID, result codes 0 and 1, and a download whose HTTPS the host carries. */

import type { CancelTimer } from "../../../base/clock.js";
import { type Answer, cme, cmeError, incorrectParameters, ok } from "../answers.js";
import { type Handler, numberAt, stringAt } from "../command-set.js";
import type { DialectParts, DialectSession, FakeDialect } from "./dialect.js";
import { activationCodeOf, iccidOf, nicknameOf, type ProfileChange } from "./lpa-operations.js";
import { classNumber, qesimForms, quoted } from "./qesim.js";
import { maxChunkHex, Relay, type RelayEvent } from "./relay.js";

const syntax = [
  '"eid"',
  '"list"',
  '"enable",<iccid>',
  '"disable",<iccid>',
  '"delete",<iccid>',
  '"nickname",<iccid>,<nickname>',
  '"download",<activation_code>',
  `"trans",<total_len>,(0,1),<seq>,(2-${maxChunkHex}),<data>`,
  '"ota",<activation_code>',
];

export const quectelIccid: FakeDialect = {
  name: "quectel-iccid",
  summary: "Quectel EC25: the host relays the HTTPS of the modem's LPA",
  identity: { manufacturer: "Quectel", model: "EC25", revision: "EC25EFAR06A11M4G" },
  start,
};

function start(parts: DialectParts): DialectSession {
  const { sim, operations } = parts;
  const relayed = new RelayedDownload(parts);

  const change =
    (name: ProfileChange): Handler =>
    (parameters) => {
      const iccid = iccidOf(stringAt(parameters, 0));
      if (parameters.length !== 1 || iccid === undefined) return incorrectParameters;
      if (relayed.isRunning) return cmeError(cme.simBusy);
      const { result, after } = operations.change(name, iccid);
      return { ...ok(`+QESIM: "${name}",${result === "ok" ? 0 : 1}`), after };
    };

  const forms = qesimForms(
    sim,
    {
      eid: (parameters) => (parameters.length === 0 ? ok(`+QESIM: "eid",${operations.eid()}`) : incorrectParameters),
      list: (parameters) => {
        if (parameters.length !== 0) return incorrectParameters;
        const rows = operations.list().map((profile) => {
          const state = profile.state === "enabled" ? 1 : 0;
          const name = profile.nickname ?? profile.name;
          // The icon type is -1 where there is none; nobody has seen another value explained.
          return `"${profile.iccid}",${state},-1,${classNumber[profile.profileClass]},${quoted(name)},${quoted(profile.serviceProvider)}`;
        });
        return ok('+QESIM: "list",0', ...rows);
      },
      enable: change("enable"),
      disable: change("disable"),
      delete: change("delete"),
      nickname: (parameters) => {
        const iccid = iccidOf(stringAt(parameters, 0));
        const nickname = nicknameOf(stringAt(parameters, 1));
        if (parameters.length !== 2 || iccid === undefined || nickname === undefined) return incorrectParameters;
        return ok(`+QESIM: "nickname",${operations.nickname(iccid, nickname) === "ok" ? 0 : 1}`);
      },
      download: (parameters) => relayed.begin(parameters),
      trans: (parameters) => relayed.takeChunk(parameters),
      // Needs AT+QCFG="bip/auth" and an APN, which this modem was not given.
      ota: () => cmeError(cme.notAllowed),
    },
    syntax,
  );
  return {
    commands: { "+QESIM": forms },
    isDownloading: () => relayed.isRunning,
    powerOff: () => relayed.powerOff(),
  };
}

/** The one download that can run at a time, between its `"download"` and its result. */
class RelayedDownload {
  readonly #parts: DialectParts;
  #relay: Relay | undefined;
  #cancelResult: CancelTimer | undefined;

  constructor(parts: DialectParts) {
    this.#parts = parts;
  }

  get isRunning(): boolean {
    return this.#relay !== undefined;
  }

  begin: Handler = async (parameters) => {
    const code = activationCodeOf(stringAt(parameters, 0));
    if (parameters.length !== 1 || code === undefined) return incorrectParameters;
    if (this.isRunning) return cmeError(cme.notAllowed);
    const { clock, world, downloads } = this.#parts;
    const relay = new Relay(clock, world().relayTimeoutMs);
    this.#relay = relay;
    const { smdpAddress, matchingId } = code;
    void downloads
      .run({ smdpAddress, matchingId, post: (functionName, body) => relay.post(functionName, body) })
      .then((outcome) => {
        // Nobody listens when the host let a request go unanswered: then the result comes unasked.
        if (relay.isAwaited) relay.finish(outcome.ok);
        else this.#end(relay, outcome.ok);
      });
    return this.#tell(relay, await relay.next());
  };

  takeChunk: Handler = async (parameters) => {
    const totalHex = numberAt(parameters, 0, 2, Number.MAX_SAFE_INTEGER);
    const more = numberAt(parameters, 1, 0, 1);
    const sequence = numberAt(parameters, 2, 0, 1_000_000);
    const lengthHex = numberAt(parameters, 3, 2, maxChunkHex);
    const hex = stringAt(parameters, 4);
    if (
      parameters.length !== 5 ||
      totalHex === undefined ||
      more === undefined ||
      sequence === undefined ||
      lengthHex === undefined ||
      hex === undefined
    ) {
      return incorrectParameters;
    }
    const relay = this.#relay;
    if (relay === undefined || !relay.isWaiting) return cmeError(cme.notAllowed);
    switch (relay.take({ totalHex, moreFollow: more === 1, sequence, lengthHex, hex })) {
      case "refused":
        return incorrectParameters;
      case "more":
        return ok();
      case "complete":
        return this.#tell(relay, await relay.next());
    }
  };

  powerOff(): void {
    const relay = this.#relay;
    this.#relay = undefined;
    relay?.abort();
    this.#cancelResult?.();
  }

  /** A request is part of the answer; the end of the download comes behind the OK. */
  #tell(relay: Relay, event: RelayEvent): Answer {
    if (event.kind === "finished") return { ...ok(), after: () => this.#end(relay, event.succeeded) };
    const length = Buffer.byteLength(event.body, "utf8");
    return ok(`+QESIM: "trans",0,"gsma/rsp2/es9plus/${event.functionName}",${length},"${event.body}"`);
  }

  #end(relay: Relay, succeeded: boolean): void {
    // A download that the power ended has no result.
    if (this.#relay !== relay) return;
    this.#relay = undefined;
    const { clock, world, emit } = this.#parts;
    const { completionDelayMs, completionMissing } = world();
    if (completionMissing) return;
    // Spelt without a space, as the module does.
    const say = (): void => emit(`+QESIM:"download",${succeeded ? 0 : 1}`);
    if (completionDelayMs === 0) say();
    else this.#cancelResult = clock.setTimer(completionDelayMs, say);
  }
}
