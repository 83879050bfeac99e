/** Unsolicited result codes: what a modem says unasked, told apart from answers that have no prefix. Pure. */

/**
 * URCs by name: TS 27.007 and 27.005; Quectel's, SIMCom's (`*ATREADY`, `SMS DONE`, `PB DONE`, `Call Ready`), MediaTek's (`+ESIMS`,
 * `+EDSBP`), Sierra's (`+KSUP`) and u-blox's (`+UU…`) manuals, and field captures. Telit begins its own with #, Qualcomm with $ or %,
 * Huawei with ^.
 */
const known =
  /^((RDY|RING|POWERED DOWN|NORMAL POWER DOWN|(PB|SMS) DONE|(SMS|CALL) READY|\+PBREADY|\+SIM READY)$|\+(CPIN|QUSIM|QIND|CFUN|CTZV|CTZE|CGEV|CREG|CGREG|CEREG|C5GREG|CSCON|CMTI?|CBMI?|CDSI?|CUSD|CIEV|ESIMS|CIREPI|EONSNWNAME|CNEMIU|EDSBP|EMCFRPT|QSIMSTAT|QESIM|CRING|CLIP|CCWA|CSSU|CSSI|QNITZ|STIN|KSUP|UU[A-Z]+)\s*:|[*#$%][A-Z0-9]+\s*:|\^)/i;

/** A message that is handed over at once brings its PDU on the next line (TS 27.005 3.4.1). */
const withPdu = /^\+(CMT|CBM|CDS)\s*:/i;
const pdu = /^[0-9A-F]{14,}$/i;

export function isKnownUrc(line: string): boolean {
  return known.test(line);
}

/** Whether `line` is the second half of the URC before it. */
export function continuesUrc(urc: string | undefined, line: string): boolean {
  return urc !== undefined && withPdu.test(urc) && pdu.test(line);
}
