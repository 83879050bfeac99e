/** How much of the station one reader of the page, or one who only tries its door, may take. */
export const bounds = {
  /** Connections at once; one request each. */
  clients: 48,
  /** Of those, pages that stay open: a scan must always be possible. */
  streams: 16,
  headerBytes: 16 * 1024,
  bodyBytes: 16 * 1024,
  /** From the connection to the end of the head, and from there to the end of the body. */
  requestMs: 5_000,
  /** How long a client may take to read an answer. */
  readMs: 30_000,
  /** An export of years over a slow network. */
  exportMs: 600_000,
  /** A page hears of changes this seldom at the most: four times a second. */
  changeMs: 250,
  /** A page that hears nothing for some of these knows that the station is gone. */
  aliveMs: 5_000,
  /** As long as a page may leave what was sent to it unread. */
  stallMs: 30_000,
  /** A printer that was asked for one more label. */
  reprintMs: 60_000,
  closeMs: 5_000,
  found: 200,
} as const;
