/**
 * What the figures must not exceed, for a profile of TS.48's size on a modem that takes segments of 255 bytes and answers with 61xx. A
 * recorded session of a standard LPA, tuned to such segments, takes 83 exchanges for the download step.
 */
export const ceilings = {
  /** Exchanges from opening the channel to the install result. */
  downloadExchanges: 84,
  /** Exchanges of a download's session beyond those that its package forces (time/session.ts), on a channel that is open. */
  exchangesBeyondForced: 0,
  /** ES9+ requests of a download: three of the session, and one for the install result. */
  downloadRequests: 4,
  /** AT+CGLA of a whole provision: EID, lists, room, download, enabling, notifications. By CSIM, opening and closing channels comes on top. */
  provisionExchanges: 105,
  /** Serial bytes of the download step beside their floor. */
  bytesToFloor: 1.02,
} as const;

/** A provisioned daemon at rest, from the bundle on x86-64; what bare Node takes is in them. */
export const idleCeilings = {
  /** From the start of the process to READY, on a machine that does nothing else: printed beside the figure, and not judged. */
  readyMs: 600,
  /** 70 MB, in the unit of /proc. */
  rssKib: 68_359,
  /** On average over a minute, all threads together. */
  wakeUpsPerSecond: 1,
} as const;

/** 64 units at once on two cores that the emulated line has its share of: printed beside the figures, and not judged. */
export const stationMarks = {
  /** Of the time of 64 units to that of one, by what the modems wait before every answer. */
  ratioAt50Ms: 3,
  ratioAt300Ms: 1.3,
  /** Of the station's own process, with 64 units. */
  cpuSecondsPerUnit: 0.25,
} as const;

/** What a provision takes of the machine, start-up included: printed beside the figures, and not judged. */
export const programMarks = {
  provisionCpuSeconds: 0.6,
  /** Of 10^6 bytes; bare Node has 42. */
  provisionPeakMb: 90,
} as const;

/** Of what the program is made. Each is a few percent above what it was when it was written down. */
export const programCeilings = {
  bundleBytes: 1_750_000,
  bundleFiles: 145,
  npmPackageBytes: 2_000_000,
  debianPackageBytes: 550_000,
  directDependencies: 9,
  allDependencies: 39,
  /** What is loaded as soon as the command is named; undici and serialport come when they are needed. */
  loadedBytes: { "--version": 47_000, status: 305_000, probe: 460_000, provision: 585_000, run: 690_000 },
} as const;

/**
 * Requests to the provider's API for a whole provision of a new device, by how long the provider takes. On top come: KORE's one for a token;
 * one for each profile that is on the eUICC already, which may be ours; one for the list of Fleets where none is configured; one for the Sim
 * before it is moved to `active`.
 */
export const requestCeilings = {
  fast: 6,
  minute: 12,
} as const;
