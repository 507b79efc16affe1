/* Times in the reader's own time zone. The server renders them too, so pages read well without this. */

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "short" });
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MINUTE_MS = 60_000;

/** "09:40" */
export function clockTime(date) {
  return clock.format(date);
}

/** "now", "4m", "3h", "2d", "14 Mar": the short form of the conversation list. */
export function ago(date) {
  const minutes = Math.floor((Date.now() - date) / MINUTE_MS);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes}m`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h`;
  if (minutes < 7 * 24 * 60) return `${Math.floor(minutes / (24 * 60))}d`;
  const day = `${date.getDate()} ${MONTHS[date.getMonth()]}`;
  const year = date.getFullYear();
  return year === new Date().getFullYear() ? day : `${day} ${year}`;
}

/** Rewrites every <time data-as="clock|ago" datetime="…"> below `root`; the whole date shows on hover. */
export function localiseTimes(root) {
  for (const time of root.querySelectorAll("time[data-as]")) {
    const date = new Date(time.dateTime);
    time.textContent = time.dataset.as === "clock" ? clockTime(date) : ago(date);
    time.title = full.format(date);
  }
}
