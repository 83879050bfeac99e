/**
 * What the figures must not exceed, for a profile of TS.48's size on a modem that takes segments of 255 bytes and answers with 61xx. A
 * recorded session of a standard LPA, tuned to such segments, takes 83 exchanges for the download step.
 */
export const ceilings = {
  /** Exchanges from opening the channel to the install result. */
  downloadExchanges: 84,
  /** AT+CGLA of a whole provision: EID, lists, room, download, enabling, notifications. By CSIM, opening and closing channels comes on top. */
  provisionExchanges: 105,
  /** Serial bytes of the download step beside their floor. */
  bytesToFloor: 1.02,
} as const;
