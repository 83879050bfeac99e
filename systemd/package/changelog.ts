import { debianVersion, maintainer } from "./control.js";

/** docs/changelog.md in the form of deb-changelog(5). */
export function debianChangelog(markdown: string, seconds: number): string {
  const releases = markdown.split(/^## /m).slice(1);
  const entries = releases.map((release) => {
    const version = /^(\d+\.\d+\.\d+\S*?),?(?:\s|$)/.exec(release)?.[1];
    if (version === undefined)
      throw new Error(`docs/changelog.md: no version in ${JSON.stringify(release.slice(0, 40))}`);
    const changes = [...release.matchAll(/^- (.*(?:\n {2}.*)*)/gm)].map(([, change = ""]) => wrap(change));
    return `esimd (${debianVersion(version)}) unstable; urgency=medium\n\n${changes.join("")}\n -- ${maintainer}  ${mailDate(seconds)}\n`;
  });
  if (entries.length === 0) throw new Error("docs/changelog.md has no release");
  return entries.join("\n");
}

/** Lines of at most 80 columns, behind the star. */
function wrap(change: string): string {
  const lines: string[] = [];
  let line = "  *";
  for (const word of change.split(/\s+/)) {
    if (line.length + 1 + word.length > 80 && line.trim() !== "*" && line.trim() !== "") {
      lines.push(line);
      line = "   ";
    }
    line += ` ${word}`;
  }
  return `${[...lines, line].join("\n")}\n`;
}

function mailDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString().replace("GMT", "+0000");
}
