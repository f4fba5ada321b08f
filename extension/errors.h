/*
 * SQLSTATEs of class OC. What each means to the caller, and its HTTP status, is in docs/sql.md.
 */
#ifndef OPENCALENDLY_ERRORS_H
#define OPENCALENDLY_ERRORS_H

#define ERRCODE_OC_SLOT_UNAVAILABLE MAKE_SQLSTATE('O', 'C', '0', '0', '1')
#define ERRCODE_OC_NO_EVENT_TYPE MAKE_SQLSTATE('O', 'C', '0', '0', '2')
#define ERRCODE_OC_TOKEN_INVALID MAKE_SQLSTATE('O', 'C', '0', '0', '3')
#define ERRCODE_OC_TOKEN_EXPIRED MAKE_SQLSTATE('O', 'C', '0', '0', '4')
#define ERRCODE_OC_WRONG_STATE MAKE_SQLSTATE('O', 'C', '0', '0', '5')
#define ERRCODE_OC_BAD_INPUT MAKE_SQLSTATE('O', 'C', '0', '0', '6')
#define ERRCODE_OC_KEY_REUSED MAKE_SQLSTATE('O', 'C', '0', '0', '7')
#define ERRCODE_OC_LIMIT MAKE_SQLSTATE('O', 'C', '0', '0', '8')
#define ERRCODE_OC_SETTING_MISSING MAKE_SQLSTATE('O', 'C', '0', '1', '1')
#define ERRCODE_OC_NO_SUCH_THING MAKE_SQLSTATE('O', 'C', '0', '1', '3')

#endif
