/** Commands about PDP contexts: TS 27.007 10.1.1, 10.1.9, 10.1.10 and 10.1.23. */

import { type Answer, cme, cmeError, incorrectParameters, ok } from "../answers.js";
import { type CommandTable, fixed, type Handler, numberAt, stringAt } from "../command-set.js";
import { contextAddress, type PacketDomain, type PdpContext, pdpTypes } from "../packet-domain.js";

const maxCid = 16;
const noAddress = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0";

export function packetCommands(domain: PacketDomain): CommandTable {
  const describe = ({ cid, type, apn }: PdpContext): string => {
    const address = type === "IPV4V6" ? noAddress : type === "IP" ? "0.0.0.0" : noAddress.slice(8);
    return `+CGDCONT: ${cid},"${type}","${apn}","${domain.isActive(cid) ? contextAddress : address}",0,0,0,0`;
  };
  const define: Handler = (parameters) => {
    const cid = numberAt(parameters, 0, 1, maxCid);
    if (cid === undefined || parameters.length > 8) return incorrectParameters;
    // The number alone makes the context undefined (10.1.1).
    if (parameters.length === 1) return domain.remove(cid) ? ok() : refused;
    const type = pdpTypes.find((one) => one === stringAt(parameters, 1)?.toUpperCase());
    const apn = parameters.length === 2 || parameters[2]?.kind === "empty" ? "" : stringAt(parameters, 2);
    if (type === undefined || apn === undefined || !/^[A-Za-z0-9._-]{0,100}$/.test(apn)) return incorrectParameters;
    return domain.define({ cid, type, apn }) ? ok() : refused;
  };
  const activate: Handler = (parameters) => {
    const state = numberAt(parameters, 0, 0, 1);
    const chosen = parameters.slice(1).map((_, index) => numberAt(parameters, index + 1, 1, maxCid));
    if (state === undefined || chosen.includes(undefined)) return incorrectParameters;
    const cids =
      chosen.length === 0 ? domain.contexts.map(({ cid }) => cid) : chosen.filter((cid) => cid !== undefined);
    for (const cid of cids) {
      if (state === 0) domain.deactivate(cid);
      else {
        const refusal = activationRefusals[domain.activate(cid)];
        if (refusal !== undefined) return refusal;
      }
    }
    return ok();
  };
  const parameterRows = (cid: number): string[] => {
    const context = domain.context(cid);
    if (context === undefined || !domain.isActive(cid)) return [];
    // Bearer 5 is the first of EPS (TS 24.007 11.2.3.1.5).
    return [
      `+CGCONTRDP: ${cid},5,"${context.apn}","${contextAddress}.255.255.255.0","192.0.2.1","192.0.2.53","192.0.2.54"`,
    ];
  };
  return {
    "+CGDCONT": {
      read: () => ok(...domain.contexts.map(describe)),
      test: () => ok(...pdpTypes.map((type) => `+CGDCONT: (1-${maxCid}),"${type}",,,(0-2),(0-4),(0-1),(0-1)`)),
      set: define,
    },
    "+CGATT": {
      read: () => ok(`+CGATT: ${domain.isAttached ? 1 : 0}`),
      test: fixed("+CGATT: (0,1)"),
      set: (parameters) => {
        const state = numberAt(parameters, 0, 0, 1);
        if (parameters.length !== 1 || state === undefined) return incorrectParameters;
        domain.attach(state === 1);
        return ok();
      },
    },
    "+CGACT": {
      read: () => ok(...domain.contexts.map(({ cid }) => `+CGACT: ${cid},${domain.isActive(cid) ? 1 : 0}`)),
      test: fixed("+CGACT: (0,1)"),
      set: activate,
    },
    "+CGCONTRDP": {
      execute: () => ok(...domain.contexts.flatMap(({ cid }) => parameterRows(cid))),
      test: () => {
        const active = domain.contexts.map(({ cid }) => cid).filter((cid) => domain.isActive(cid));
        return ok(`+CGCONTRDP: (${active.join(",")})`);
      },
      set: (parameters) => {
        const cid = numberAt(parameters, 0, 1, maxCid);
        return parameters.length === 1 && cid !== undefined ? ok(...parameterRows(cid)) : incorrectParameters;
      },
    },
  };
}

const refused: Answer = cmeError(cme.notAllowed);

const activationRefusals: Readonly<Record<ReturnType<PacketDomain["activate"]>, Answer | undefined>> = {
  ok: undefined,
  "no such context": incorrectParameters,
  "not attached": cmeError(cme.noNetwork),
  rejected: cmeError(cme.unspecifiedPacketError),
};
