/** Every exit status of the program and what it means: a contract, which docs/errors.md and the manual page repeat. */
export const exitStatuses: readonly (readonly [number, string])[] = [
  [0, 'done, also when there was nothing left to do (the report says `"changed":false`)'],
  [1, "unexpected"],
  [11, "provisioned, but not registered on a network"],
  [64, "usage: the command line"],
  [65, "bad data: a value or a file"],
  [66, "no such port"],
  [69, "modem, API or SM-DP+ unavailable"],
  [74, "input or output failed: the serial line, the state folder, a label's file or printer"],
  [75, "temporary: try again"],
  [76, "the modem broke the protocol"],
  [77, "permission or credential"],
  [78, "configuration"],
  [79, "held: a person must decide"],
];
