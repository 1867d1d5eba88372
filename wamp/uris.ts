/** Every URI that the protocol predefines, so that no other file spells one. [WAMP uri_reference] [WAMP ap-uris] */

// Errors of the basic profile.
export const INVALID_URI = "wamp.error.invalid_uri";
export const NO_SUCH_PROCEDURE = "wamp.error.no_such_procedure";
export const PROCEDURE_ALREADY_EXISTS = "wamp.error.procedure_already_exists";
export const NO_SUCH_REGISTRATION = "wamp.error.no_such_registration";
export const NO_SUCH_SUBSCRIPTION = "wamp.error.no_such_subscription";
export const INVALID_ARGUMENT = "wamp.error.invalid_argument";
/** DEVIATION: one section of the specification spells it "cancelled"; the reference of URIs and all peers have one l. */
export const CANCELED = "wamp.error.canceled";
export const PAYLOAD_SIZE_EXCEEDED = "wamp.error.payload_size_exceeded";
export const PROTOCOL_VIOLATION = "wamp.error.protocol_violation";
/** DEVIATION: the advanced profile has "authorization_denied" for it; the reference of URIs, its examples and all peers have this. */
export const NOT_AUTHORIZED = "wamp.error.not_authorized";
/** Whether the peer is authorized could not be found out, so it is not. */
export const AUTHORIZATION_FAILED = "wamp.error.authorization_failed";
export const NO_SUCH_REALM = "wamp.error.no_such_realm";
export const NO_SUCH_ROLE = "wamp.error.no_such_role";

// Errors of the advanced profile.
export const NO_MATCHING_AUTH_METHOD = "wamp.error.no_matching_auth_method";
export const NO_SUCH_PRINCIPAL = "wamp.error.no_such_principal";
export const NO_SUCH_SESSION = "wamp.error.no_such_session";
export const AUTHENTICATION_DENIED = "wamp.error.authentication_denied";
export const AUTHENTICATION_FAILED = "wamp.error.authentication_failed";
export const AUTHENTICATION_REQUIRED = "wamp.error.authentication_required";
export const TIMEOUT = "wamp.error.timeout";
export const OPTION_NOT_ALLOWED = "wamp.error.option_not_allowed";
/** DEVIATION: the section on callers spells it "disclose_me.not_allowed"; the reference of URIs has this. */
export const DISCLOSE_ME_DISALLOWED = "wamp.error.option_disallowed.disclose_me";
export const NETWORK_FAILURE = "wamp.error.network_failure";
export const UNAVAILABLE = "wamp.error.unavailable";
export const NO_AVAILABLE_CALLEE = "wamp.error.no_available_callee";
export const FEATURE_NOT_SUPPORTED = "wamp.error.feature_not_supported";
/** Crossbar.io's: another registration of the procedure has another invocation policy. */
export const PROCEDURE_EXISTS_WITH_DIFFERENT_INVOCATION_POLICY =
  "wamp.error.procedure_exists_with_different_invocation_policy";
/** DEVIATION: the specification has no URI for it; this is Crossbar.io's. */
export const MAX_CONCURRENCY_REACHED = "crossbar.error.max_concurrency_reached";
/** Crossbar.io's: the events of a subscription are not recorded. */
export const HISTORY_UNAVAILABLE = "wamp.error.history_unavailable";
/** DEVIATION: the specification has no URI for it; this is ours. A role's limit would be exceeded. */
export const LIMIT_EXCEEDED = "realmway.error.limit_exceeded";
/** Ours: a session cannot be taken up again; its client may begin a new one. */
export const CANNOT_RESUME = "realmway.error.cannot_resume";
/** Autobahn's: a client cannot or will not go on with a handshake. */
export const CANNOT_AUTHENTICATE = "wamp.error.cannot_authenticate";
/** Autobahn's: an exception that no error URI was defined for. */
export const RUNTIME_ERROR = "wamp.error.runtime_error";

// Meta procedures of ours. [docs/extensions.md]
export const AUTHORIZATION_FORGET = "wamp.authorization.x_forget";
export const AUTHORIZATION_COUNT_REFUSED = "wamp.authorization.x_count_refused";

// Reasons of GOODBYE.
export const SYSTEM_SHUTDOWN = "wamp.close.system_shutdown";
export const CLOSE_REALM = "wamp.close.close_realm";
export const GOODBYE_AND_OUT = "wamp.close.goodbye_and_out";
export const KILLED = "wamp.close.killed";
/** Autobahn's: an ordinary leave. */
export const CLOSE_NORMAL = "wamp.close.normal";
/** Crossbar.io's: the peer leaves, and wants to be forgotten. */
export const CLOSE_LOGOUT = "wamp.close.logout";
/** Autobahn's: the transport went away without GOODBYE. */
export const TRANSPORT_LOST = "wamp.close.transport_lost";

// The meta API. [WAMP session-metapi] [WAMP rpc-reg-metapi] [WAMP pubsub-sub-metapi]
export const SESSION_ON_JOIN = "wamp.session.on_join";
export const SESSION_ON_LEAVE = "wamp.session.on_leave";
/** Ours: a session does not read what it is sent, and does again. */
export const SESSION_ON_SLOW = "wamp.session.on_slow";
export const SESSION_ON_CAUGHT_UP = "wamp.session.on_caught_up";
export const SESSION_COUNT = "wamp.session.count";
export const SESSION_LIST = "wamp.session.list";
export const SESSION_GET = "wamp.session.get";
export const SESSION_KILL = "wamp.session.kill";
export const SESSION_KILL_BY_AUTHID = "wamp.session.kill_by_authid";
export const SESSION_KILL_BY_AUTHROLE = "wamp.session.kill_by_authrole";
export const SESSION_KILL_ALL = "wamp.session.kill_all";
export const SESSION_ADD_TESTAMENT = "wamp.session.add_testament";
export const SESSION_FLUSH_TESTAMENTS = "wamp.session.flush_testaments";
export const REGISTRATION_ON_CREATE = "wamp.registration.on_create";
export const REGISTRATION_ON_REGISTER = "wamp.registration.on_register";
export const REGISTRATION_ON_UNREGISTER = "wamp.registration.on_unregister";
export const REGISTRATION_ON_DELETE = "wamp.registration.on_delete";
export const REGISTRATION_LIST = "wamp.registration.list";
export const REGISTRATION_LOOKUP = "wamp.registration.lookup";
export const REGISTRATION_MATCH = "wamp.registration.match";
export const REGISTRATION_GET = "wamp.registration.get";
export const REGISTRATION_LIST_CALLEES = "wamp.registration.list_callees";
export const REGISTRATION_COUNT_CALLEES = "wamp.registration.count_callees";
export const REGISTRATION_REMOVE_CALLEE = "wamp.registration.remove_callee";
export const SUBSCRIPTION_ON_CREATE = "wamp.subscription.on_create";
export const SUBSCRIPTION_ON_SUBSCRIBE = "wamp.subscription.on_subscribe";
export const SUBSCRIPTION_ON_UNSUBSCRIBE = "wamp.subscription.on_unsubscribe";
export const SUBSCRIPTION_ON_DELETE = "wamp.subscription.on_delete";
export const SUBSCRIPTION_LIST = "wamp.subscription.list";
export const SUBSCRIPTION_LOOKUP = "wamp.subscription.lookup";
export const SUBSCRIPTION_MATCH = "wamp.subscription.match";
export const SUBSCRIPTION_GET = "wamp.subscription.get";
export const SUBSCRIPTION_LIST_SUBSCRIBERS = "wamp.subscription.list_subscribers";
export const SUBSCRIPTION_COUNT_SUBSCRIBERS = "wamp.subscription.count_subscribers";
export const SUBSCRIPTION_GET_EVENTS = "wamp.subscription.get_events";
export const REFLECTION_TOPIC_LIST = "wamp.reflection.topic.list";
export const REFLECTION_TOPIC_DESCRIBE = "wamp.reflection.topic.describe";
export const REFLECTION_PROCEDURE_LIST = "wamp.reflection.procedure.list";
export const REFLECTION_PROCEDURE_DESCRIBE = "wamp.reflection.procedure.describe";
export const REFLECTION_ERROR_LIST = "wamp.reflection.error.list";
export const REFLECTION_ERROR_DESCRIBE = "wamp.reflection.error.describe";
export const REFLECT_DEFINE = "wamp.reflect.define";
export const REFLECT_DESCRIBE = "wamp.reflect.describe";
export const REFLECT_ON_DEFINE = "wamp.reflect.on_define";
export const REFLECT_ON_UNDEFINE = "wamp.reflect.on_undefine";
export const SUBSCRIPTION_REMOVE_SUBSCRIBER = "wamp.subscription.remove_subscriber";
