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

/** What is known of a model of modem. */
export interface SegmentKnowledge {
  /** The size that it takes, found by trying. */
  readonly bytes: number | undefined;
  /** The size for the next try, after a segment of a package was refused: an accident perhaps, or a modem that cannot take more. */
  readonly doubt: number | undefined;
  /** Packages in a row that were loaded only with less. */
  readonly strikes: number;
}

export const nothingKnown: SegmentKnowledge = { bytes: undefined, doubt: undefined, strikes: 0 };

/** So many packages that were loaded only with shorter segments are no accident. */
const strikesToBelieve = 2;

/** After a whole package was loaded with segments of `used` bytes. Pure. */
export function afterInstallation(known: SegmentKnowledge, used: number): SegmentKnowledge {
  if (known.doubt === undefined) return { ...known, bytes: used, strikes: 0 };
  const strikes = known.strikes + 1;
  return strikes >= strikesToBelieve
    ? { bytes: used, doubt: undefined, strikes: 0 }
    : { ...known, doubt: undefined, strikes };
}

/** The memory of the model of modem at hand. */
export interface SegmentMemory {
  /** What to begin with; undefined for a model that was never met. */
  recall(): Promise<number | undefined>;
  /** The modem takes segments of this size, and none longer. */
  remember(bytes: number): Promise<void>;
  /** It refused one in the middle of a package: the next try is made with `bytes`. */
  doubt(bytes: number): Promise<void>;
  /** A package was loaded with segments of this size. */
  installed(bytes: number): Promise<void>;
}

/** Remembers nothing. */
export const noSegmentMemory: SegmentMemory = {
  recall: () => Promise.resolve(undefined),
  remember: () => Promise.resolve(),
  doubt: () => Promise.resolve(),
  installed: () => Promise.resolve(),
};
