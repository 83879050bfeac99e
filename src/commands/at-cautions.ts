/** AT commands that a person should think about before they are sent. Pure. */

export interface Caution {
  /** Where a command begins on a command line. */
  readonly pattern: RegExp;
  /** Not only there, but wherever it stands outside of quotes. */
  readonly anywhere?: true;
  /** Ends the sentence "this …". */
  readonly does: string;
}

export const cautions: readonly Caution[] = [
  { pattern: /\+QESIM\s*=\s*"delete(_profile)?"/i, does: "deletes a profile from the eUICC for good" },
  { pattern: /\+CEUICCMEMRESET/i, does: "deletes profiles from the eUICC for good" },
  // Its parameters are in no text that we could read; one of its operations is to delete (TS 27.007, 20.1).
  { pattern: /\+CEUICCPM\s*=[^?]/i, does: "can delete a profile from the eUICC for good" },
  {
    pattern: /\+(CGLA|CSIM)\s*=.*E2[0-9A-F]{6}BF33/i,
    does: "deletes a profile from the eUICC for good (ES10c.DeleteProfile)",
  },
  {
    pattern: /\+(CGLA|CSIM)\s*=.*E2[0-9A-F]{6}BF34/i,
    does: "deletes profiles from the eUICC for good (ES10c.eUICCMemoryReset)",
  },
  { pattern: /\+EGMR\s*=\s*1/i, does: "writes the modem's IMEI or serial number" },
  { pattern: /&F/i, anywhere: true, does: "sets the modem back to its maker's settings" },
  { pattern: /\+QPRTPARA\s*=\s*3|!RMARESET|\+CFACTORY/i, does: "sets the modem back to its maker's settings" },
  { pattern: /\+CFUN\s*=\s*\d+\s*,\s*1/i, does: "restarts the modem" },
  { pattern: /\^RESET|!RESET|\+QPOWD|\+CPOF|\+CRESET/i, does: "restarts the modem or switches it off" },
  { pattern: /\+QFASTBOOT|!BOOTHOLD|\+QDOWNLOAD/i, does: "leaves the modem waiting for firmware" },
  { pattern: /\+QESIM\s*=\s*"lpa_enable"\s*,/i, does: "switches the modem's LPA for good, from its next restart on" },
  { pattern: /!CUSTOM\s*=/i, does: "changes a setting that outlives a restart" },
  {
    pattern: /\+(QUIMSLOT|GTDUALSIM|GTESIMCFG)\s*=\s*\d|\^(SWITCH_SLOT|ESIMSWITCH)\s*=\s*\d|!UIMS\s*=\s*\d/i,
    does: "switches the SIM slot, now and after restarts",
  },
  // Many modems take a PIN without the quotes, too.
  { pattern: /\+(CPIN|CPWD|CLCK)\s*=\s*[^?\s]/i, does: "spends one of the few tries for a PIN, or changes a lock" },
  { pattern: /\+IPR\s*=\s*\d|\+IFC\s*=\s*\d/i, does: "changes the line under this session, which does not follow" },
];

/**
 * Where a command begins: behind AT or a semicolon, and behind basic commands, which nothing separates from the next one, extended or not
 * (V.250, 5.3.1, 5.4.3).
 */
const beginning = "(^AT|;)(&?[A-RT-Z]\\d*|S\\d+(=\\d*|\\?)?)*";
const quoted = /"[^"]*"?/g;

/** What the line does that wants a yes, or undefined for one that may be sent at once. */
export function cautionFor(line: string): string | undefined {
  // A modem passes over spaces that are not in quotes (V.250, 5.2.1).
  const spoken = line.replace(/("[^"]*"?)|\s+/g, (_all, text = "") => text);
  const bare = spoken.replace(quoted, '""');
  return cautions.find(({ pattern, anywhere }) =>
    anywhere ? pattern.test(bare) : new RegExp(`${beginning}(${pattern.source})`, "i").test(spoken),
  )?.does;
}
