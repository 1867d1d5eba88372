/** The version that agents, logs and `realmway version` show. A test holds it to the manifests. */
export const VERSION = "0.1.0";
