/* Errors as Google's services tell them. */
const DOMAINS = {
  rateLimitExceeded: 'usageLimits', userRateLimitExceeded: 'usageLimits', quotaExceeded: 'usageLimits', dailyLimitExceeded: 'usageLimits',
  accessNotConfigured: 'usageLimits', fullSyncRequired: 'calendar', updatedMinTooLongAgo: 'calendar', requiredAccessLevel: 'calendar',
};

export const error = (status, reason, message = 'Told so by the stand-in.', headers = {}) => ({
  status, headers, body: { error: { code: status, message, errors: [{ domain: DOMAINS[reason] ?? 'global', reason, message }] } },
});

export const oauthError = (status, code) => ({
  status, headers: {}, body: { error: code, error_description: 'Told so by the stand-in.' },
});
