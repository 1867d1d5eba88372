/** What `realmway init --template` may be told. Apart, as the command line is read before the templates are loaded. */
export const TEMPLATES = ["minimal", "tls", "authenticated", "container"] as const;
export type Template = typeof TEMPLATES[number];
