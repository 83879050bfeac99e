/** The batch that `--only line` makes, in real time and on the fake clock alike. */
export interface LineOrder {
  readonly units: number;
  readonly seed: number;
}

export const lineSlots = 64;
export const lineFaultPercent = 5;
