/* The words of mails; what they are for stands in mail_words.h. Plain, short and exact: nobody has asked for more mail. */
#include "pure/mail_words.h"

#include <string.h>

const MailLanguage mail_languages[MAIL_LANGUAGES] = {
	{
		.code = "en",
		.has_12_hours = true,
		.after_time = "",
		.words = {
			[WORD_HELLO] = "Hello {reader},",
			[WORD_HELLO_ANYBODY] = "Hello,",
			[WORD_WITH] = "{event} with {host}",
			[WORD_WITH_INVITEE] = "{event} with {invitee}",
			[WORD_EVENT] = "What",
			[WORD_INVITEE] = "Booked by",
			[WORD_HOSTS] = "With",
			[WORD_TEAM] = "Team",
			[WORD_WHEN] = "When",
			[WORD_BEFORE] = "Before",
			[WORD_WHERE] = "Where",
			[WORD_CANCELED_BY] = "Canceled by",
			[WORD_REASON] = "Reason",
			[WORD_POLICY] = "Cancellation policy",
			[WORD_ENDPOINT] = "Endpoint",
			[WORD_ACCOUNT] = "Account",
			[WORD_VIDEO] = "Video call",
			[WORD_PHONE] = "Phone call",
			[WORD_IN_PERSON] = "In person",
			[WORD_CUSTOM] = "As agreed",
			[WORD_JOIN] = "Join the video call",
			[WORD_MOVE] = "Move it",
			[WORD_CANCEL] = "Cancel it",
			[WORD_OPEN] = "Open the booking",
			[WORD_AGAIN] = "Book another time",
			[WORD_SIGN_IN] = "Sign in",
			[WORD_SEE_WEBHOOKS] = "See your webhooks",
			[WORD_SEE_INVITATION] = "See the invitation",
			[WORD_SEE_CALENDARS] = "Connect it again",
			[WORD_AGAIN_TEXT] = "If you would like to meet another time, choose one that suits you.",
			[WORD_BY_HAND] = "If the button does not work, open this address:",
			[WORD_NOT_ASKED] = "If you did not ask for this link, you can ignore this mail: nothing happens unless it is used.",
			[WORD_NOT_WANTED] = "If you do not want to join, there is nothing you need to do.",
			[WORD_WHY_INVITEE] = "You get this mail because your address was given when this meeting was booked.",
			[WORD_WHY_HOST] = "You get this mail because you are a host of this meeting.",
			[WORD_WHY_WEBHOOK] = "You get this mail because this endpoint belongs to your account.",
			[WORD_WHY_CALENDAR] = "You get this mail because you have connected this calendar.",
			[WORD_RUNS_ON] = "Runs on OpenCalendly",
			[WORD_A_HOST] = "one of the hosts",
			[WORD_DATE] = "{weekday}, {month} {day}, {year}",
			[WORD_SHORT_DATE] = "{weekday}, {month} {day}",
			[WORD_SHORT_WHEN] = "{date}, {time}",
			[WORD_AND] = " and ",
			[WORD_OTHERS] = "{count} others",
		},
		.kinds = {
			[MAIL_BOOKING_CONFIRMED] = {
				{ .subject = "Booked: {event} with {host} on {when}",
				  .title = "You are booked",
				  .lead = "Your meeting with {host} is set. Below is all that you need." },
				{ .subject = "New booking: {event} with {invitee} on {when}",
				  .title = "New booking",
				  .lead = "{invitee} has booked a meeting with you." },
			},
			[MAIL_BOOKING_RESCHEDULED] = {
				{ .subject = "Moved: {event} with {host} is now on {when}",
				  .title = "Your meeting was moved",
				  .lead = "Your meeting with {host} has a new time." },
				{ .subject = "Moved: {event} with {invitee} is now on {when}",
				  .title = "A meeting was moved",
				  .lead = "Your meeting with {invitee} has a new time." },
			},
			[MAIL_BOOKING_CANCELED] = {
				{ .subject = "Canceled: {event} with {host} on {when}",
				  .title = "Your meeting is canceled",
				  .lead = "Your meeting with {host} will not take place. There is nothing more to do." },
				{ .subject = "Canceled: {event} with {invitee} on {when}",
				  .title = "A meeting is canceled",
				  .lead = "Your meeting with {invitee} will not take place. The time is free again." },
			},
			[MAIL_REMINDER] = {
				{ .subject = "Reminder: {event} with {host} on {when}",
				  .title = "See you soon",
				  .lead = "This is a reminder of your meeting with {host}." },
			},
			[MAIL_FOLLOW_UP] = {
				{ .subject = "Thank you: {event} with {host} on {date}",
				  .title = "Thank you for your time",
				  .lead = "Thank you for your meeting with {host}." },
			},
			[MAIL_LOGIN_LINK] = {
				{ .subject = "Sign in to OpenCalendly",
				  .title = "Sign in to OpenCalendly",
				  .lead = "This link signs you in. It works once, for {minutes} minutes." },
			},
			[MAIL_WEBHOOK_PAUSED] = {
				{ .subject = "Webhook paused: {endpoint}",
				  .title = "A webhook is paused",
				  .lead = "Nothing is sent to this endpoint at the moment. What is to be told to it is kept until you "
						  "resume it." },
			},
			[MAIL_TEAM_INVITATION] = {
				{ .subject = "{inviter} invites you to the team {team}",
				  .title = "You are invited to a team",
				  .lead = "{inviter} invites you to the team {team}. If you accept, you can be booked through the "
						  "team's pages, at your own hours. You can leave at any time." },
			},
			[MAIL_CALENDAR_BROKEN] = {
				{ .subject = "Calendar no longer connected: {account}",
				  .title = "A calendar is no longer connected",
				  .lead = "Google does not let us into this account any more. Until you connect it again, changes in its "
						  "calendars are not seen here, bookings are not written into them, and after a while no "
						  "times are offered if you have chosen so." },
			},
		},
		.handed_over = { .subject = "Handed over: {event} with {invitee} on {when}",
						 .title = "A meeting is another host's now",
						 .lead = "Your meeting with {invitee} was moved, and another host of the team takes it. "
								 "The time is free again." },
		.weekdays = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" },
		.short_weekdays = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" },
		.months = { "January", "February", "March", "April", "May", "June", "July", "August",
					"September", "October", "November", "December" },
		.short_months = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
						  "Nov", "Dec" },
	},
	{
		.code = "de",
		.has_12_hours = false,
		.after_time = " Uhr",
		.words = {
			[WORD_HELLO] = "Guten Tag {reader},",
			[WORD_HELLO_ANYBODY] = "Guten Tag,",
			[WORD_WITH] = "{event} mit {host}",
			[WORD_WITH_INVITEE] = "{event} mit {invitee}",
			[WORD_EVENT] = "Was",
			[WORD_INVITEE] = "Gebucht von",
			[WORD_HOSTS] = "Mit",
			[WORD_TEAM] = "Team",
			[WORD_WHEN] = "Wann",
			[WORD_BEFORE] = "Vorher",
			[WORD_WHERE] = "Wo",
			[WORD_CANCELED_BY] = "Abgesagt von",
			[WORD_REASON] = "Grund",
			[WORD_POLICY] = "Stornierungsregeln",
			[WORD_ENDPOINT] = "Endpunkt",
			[WORD_ACCOUNT] = "Konto",
			[WORD_VIDEO] = "Videoanruf",
			[WORD_PHONE] = "Telefonat",
			[WORD_IN_PERSON] = "Persönlich",
			[WORD_CUSTOM] = "Nach Absprache",
			[WORD_JOIN] = "Am Videoanruf teilnehmen",
			[WORD_MOVE] = "Verschieben",
			[WORD_CANCEL] = "Absagen",
			[WORD_OPEN] = "Buchung öffnen",
			[WORD_AGAIN] = "Eine neue Zeit buchen",
			[WORD_SIGN_IN] = "Anmelden",
			[WORD_SEE_WEBHOOKS] = "Webhooks ansehen",
			[WORD_SEE_INVITATION] = "Einladung ansehen",
			[WORD_SEE_CALENDARS] = "Neu verbinden",
			[WORD_AGAIN_TEXT] = "Wenn Sie sich ein anderes Mal treffen möchten, suchen Sie sich eine Zeit aus, die Ihnen passt.",
			[WORD_BY_HAND] = "Falls der Knopf nicht funktioniert, öffnen Sie diese Adresse:",
			[WORD_NOT_ASKED] = "Wenn Sie diesen Link nicht angefordert haben, brauchen Sie nichts zu tun: Ohne ihn geschieht nichts.",
			[WORD_NOT_WANTED] = "Wenn Sie nicht beitreten möchten, brauchen Sie nichts zu tun.",
			[WORD_WHY_INVITEE] = "Sie bekommen diese Mail, weil bei der Buchung dieses Termins Ihre Adresse angegeben wurde.",
			[WORD_WHY_HOST] = "Sie bekommen diese Mail, weil dieser Termin bei Ihnen stattfindet.",
			[WORD_WHY_WEBHOOK] = "Sie bekommen diese Mail, weil dieser Endpunkt zu Ihrem Konto gehört.",
			[WORD_WHY_CALENDAR] = "Sie bekommen diese Mail, weil Sie diesen Kalender verbunden haben.",
			[WORD_RUNS_ON] = "Läuft mit OpenCalendly",
			[WORD_A_HOST] = "einem der Gastgeber",
			[WORD_DATE] = "{weekday}, {day}. {month} {year}",
			[WORD_SHORT_DATE] = "{weekday}, {day}. {month}",
			[WORD_SHORT_WHEN] = "{date}, {time}",
			[WORD_AND] = " und ",
			[WORD_OTHERS] = "{count} weiteren",
		},
		.kinds = {
			[MAIL_BOOKING_CONFIRMED] = {
				{ .subject = "Gebucht: {event} mit {host} am {when}",
				  .title = "Ihr Termin ist gebucht",
				  .lead = "Ihr Termin mit {host} steht fest. Unten finden Sie alles, was Sie brauchen." },
				{ .subject = "Neue Buchung: {event} mit {invitee} am {when}",
				  .title = "Neue Buchung",
				  .lead = "{invitee} hat einen Termin bei Ihnen gebucht." },
			},
			[MAIL_BOOKING_RESCHEDULED] = {
				{ .subject = "Verschoben: {event} mit {host} jetzt am {when}",
				  .title = "Ihr Termin wurde verschoben",
				  .lead = "Ihr Termin mit {host} findet zu einer anderen Zeit statt." },
				{ .subject = "Verschoben: {event} mit {invitee} jetzt am {when}",
				  .title = "Ein Termin wurde verschoben",
				  .lead = "Ihr Termin mit {invitee} findet zu einer anderen Zeit statt." },
			},
			[MAIL_BOOKING_CANCELED] = {
				{ .subject = "Abgesagt: {event} mit {host} am {when}",
				  .title = "Ihr Termin ist abgesagt",
				  .lead = "Ihr Termin mit {host} findet nicht statt. Sie brauchen nichts weiter zu tun." },
				{ .subject = "Abgesagt: {event} mit {invitee} am {when}",
				  .title = "Ein Termin ist abgesagt",
				  .lead = "Ihr Termin mit {invitee} findet nicht statt. Die Zeit ist wieder frei." },
			},
			[MAIL_REMINDER] = {
				{ .subject = "Erinnerung: {event} mit {host} am {when}",
				  .title = "Bis bald",
				  .lead = "Dies ist eine Erinnerung an Ihren Termin mit {host}." },
			},
			[MAIL_FOLLOW_UP] = {
				{ .subject = "Vielen Dank: {event} mit {host} am {date}",
				  .title = "Vielen Dank für Ihre Zeit",
				  .lead = "Vielen Dank für Ihren Termin mit {host}." },
			},
			[MAIL_LOGIN_LINK] = {
				{ .subject = "Bei OpenCalendly anmelden",
				  .title = "Bei OpenCalendly anmelden",
				  .lead = "Mit diesem Link melden Sie sich an. Er gilt einmal, {minutes} Minuten lang." },
			},
			[MAIL_WEBHOOK_PAUSED] = {
				{ .subject = "Webhook angehalten: {endpoint}",
				  .title = "Ein Webhook ist angehalten",
				  .lead = "An diesen Endpunkt wird zurzeit nichts gesendet. Was er erfahren soll, bleibt aufgehoben, "
						  "bis Sie ihn fortsetzen." },
			},
			[MAIL_TEAM_INVITATION] = {
				{ .subject = "{inviter} lädt Sie in das Team {team} ein",
				  .title = "Sie sind in ein Team eingeladen",
				  .lead = "{inviter} lädt Sie in das Team {team} ein. Wenn Sie annehmen, können Sie über die Seiten "
						  "des Teams gebucht werden, zu Ihren eigenen Zeiten. Verlassen können Sie es jederzeit." },
			},
			[MAIL_CALENDAR_BROKEN] = {
				{ .subject = "Kalender nicht mehr verbunden: {account}",
				  .title = "Ein Kalender ist nicht mehr verbunden",
				  .lead = "Google lässt uns nicht mehr an dieses Konto. Bis Sie es neu verbinden, sehen wir nicht, was sich in "
						  "seinen Kalendern ändert, tragen keine Buchungen ein und bieten nach einer Weile keine "
						  "Zeiten mehr an, wenn Sie es so gewählt haben." },
			},
		},
		.handed_over = { .subject = "Abgegeben: {event} mit {invitee} am {when}",
						 .title = "Ein Termin ist nicht mehr bei Ihnen",
						 .lead = "Ihr Termin mit {invitee} wurde verschoben, und jemand anderes aus dem Team übernimmt "
								 "ihn. Die Zeit ist wieder frei." },
		.weekdays = { "Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag",
					  "Samstag" },
		.short_weekdays = { "So.", "Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa." },
		.months = { "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August",
					"September", "Oktober", "November", "Dezember" },
		.short_months = { "Jan.", "Febr.", "März", "April", "Mai", "Juni", "Juli", "Aug.", "Sept.",
						  "Okt.", "Nov.", "Dez." },
	},
};

const MailLanguage *
mail_find_language(const char *code)
{
	for (int i = 0; code && i < MAIL_LANGUAGES; i++)
		if (strcmp(mail_languages[i].code, code) == 0)
			return &mail_languages[i];
	return &mail_languages[0];
}

const char *
mail_language(const char *wanted)
{
	return mail_find_language(wanted)->code;
}
