/** What workers cannot do, and what is wrong with components, by Crossbar.io's URIs. */

/** A module not found, faulty, without the class or function, or with something else under that name. */
export const CLASS_IMPORT_FAILED = "crossbar.error.class_import_failed";
/** Of components: the constructor or a callback threw. */
export const CANNOT_START = "crossbar.error.cannot_start";
/** No connection came about. */
export const CANNOT_CONNECT = "crossbar.error.cannot_connect";
export const NO_SUCH_OBJECT = "crossbar.error.no_such_object";
export const ALREADY_RUNNING = "crossbar.error.already_running";
export const ALREADY_EXISTS = "crossbar.error.already_exists";
export const NOT_RUNNING = "crossbar.error.not_running";
export const INVALID_CONFIGURATION = "crossbar.error.invalid_configuration";
export const CANNOT_LISTEN = "crossbar.error.cannot_listen";
export const INVALID_ARGUMENT = "crossbar.invalid_argument";
export const FEATURE_UNAVAILABLE = "crossbar.error.feature_unavailable";
export const NO_SUCH_WORKER = "crossbar.error.no_such_worker";
export const WORKER_ALREADY_RUNNING = "crossbar.error.worker_already_running";
export const WORKER_NOT_RUNNING = "crossbar.error.worker_not_running";
export const STOP_WORKER_FAILED = "crossbar.error.stop_worker_failed";
