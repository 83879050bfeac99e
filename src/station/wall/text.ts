/** Text in cells of a terminal. What comes from a label, a modem or a server may hold anything: only what takes one cell stays. */

export function plainText(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a1-\u02ff–—’“”…]/g, "?");
}

/** Exactly `width` cells: cut with an ellipsis, or filled up. */
export function fitted(text: string, width: number): string {
  const plain = plainText(text);
  if (plain.length <= width) return plain.padEnd(width);
  return width <= 0 ? "" : `${plain.slice(0, width - 1)}…`;
}

/** As {@link fitted}, and what is cut off is the beginning: serial numbers of a batch differ in their end. */
export function fittedEnd(text: string, width: number): string {
  const plain = plainText(text);
  if (plain.length <= width) return plain.padEnd(width);
  return width <= 0 ? "" : `…${plain.slice(plain.length - width + 1)}`;
}

/** `left` and `right` at the ends of a line of `width` cells; the left gives way. */
export function between(left: string, right: string, width: number): string {
  const end = plainText(right).slice(0, width);
  return `${fitted(left, Math.max(0, width - end.length - (end === "" ? 0 : 1)))}${end === "" ? "" : ` ${end}`}`.slice(
    0,
    width,
  );
}

/** Words in lines of at most `width` cells, at most `most` of them; the last tells of more by an ellipsis. */
export function wrapped(text: string, width: number, most: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of plainText(text)
    .split(/\s+/)
    .filter((one) => one !== "")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length <= width || line === "") line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  if (line !== "") lines.push(line);
  if (lines.length <= most) return lines.map((one) => fitted(one, width).trimEnd());
  const kept = lines.slice(0, most);
  const last = kept.pop();
  return [
    ...kept.map((one) => fitted(one, width).trimEnd()),
    ...(last === undefined ? [] : [fitted(`${last} ${lines[most] ?? ""}`, width)]),
  ];
}
