/**
 * How many data bytes one STORE DATA may carry. Nothing tells: APDUs allow 255, some modems refuse long AT lines and take 120 or 60.
 * So the largest is tried, and what the modem refuses is remembered for its model.
 */

export const segmentSizes: readonly number[] = [255, 200, 120, 60, 32];

export const largestSegment = 255;

/** The next size to try after `size` was refused; undefined when there is none. Pure. */
export function nextSmallerSegment(size: number): number | undefined {
  return segmentSizes.find((candidate) => candidate < size);
}

/** What is known of the modem at hand. */
export interface SegmentMemory {
  recall(): Promise<number | undefined>;
  remember(bytes: number): Promise<void>;
}
