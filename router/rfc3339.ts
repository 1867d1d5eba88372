/** Timestamps as the meta API takes them. */

const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/** Milliseconds since 1970, with a fraction where the text has one; undefined for what is no timestamp of RFC 3339. */
export function timeOf(text: string): number | undefined {
  const found = TIMESTAMP.exec(text);
  if (found === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7)
    .map(Number);
  const [, , , , , , , fraction = "", sign, offsetHour = "0", offsetMinute = "0"] = found;
  // A leap second is the first one of the next minute.
  const isTime = hour < 24 && minute < 60 && second <= 60 && Number(offsetHour) < 24 &&
    Number(offsetMinute) < 60;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (!isTime || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === "-" ? -1 : 1);
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 +
    Number(`0.${fraction || "0"}`) * 1000;
}
