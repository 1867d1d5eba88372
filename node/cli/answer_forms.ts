/** What a command that answers calls may print; `call_command.ts` has the rules. */
export const ANSWER_FORMS = ["value", "lines", "envelope"] as const;
export type AnswerForm = typeof ANSWER_FORMS[number];
