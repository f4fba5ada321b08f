"""Reads the samples of mails (samples.c) with Python's email package and python3-icalendar, and prints TAP.

A sample is right if its message has no defect and tells exactly what went into it. What icalendar reads of a calendar goes
into NAME.read.json, for read_calendars.mjs to compare with what another program reads.
"""
import email
import email.policy
import json
import pathlib
import re
import sys

import icalendar

FOLDER = pathlib.Path(sys.argv[1])
HEADERS = ['Date', 'From', 'To', 'Reply-To', 'Subject', 'Message-ID', 'Auto-Submitted', 'MIME-Version', 'Content-Type']
ALTERNATIVES = ['text/plain', 'text/html', 'text/calendar']


def must_be(found, expected, what):
    if found != expected:
        raise AssertionError(f'{what}: {found!r}, expected {expected!r}')


def wanted(name, ending):
    return (FOLDER / f'{name}.{ending}').read_bytes().decode('utf-8')


def body_of(part):
    return part.get_payload(decode=True).decode('utf-8').replace('\r\n', '\n')


def check_octets(octets):
    lines = octets.split(b'\r\n')
    must_be(lines[-1], b'', 'the end')
    must_be([line for line in lines if b'\r' in line or b'\n' in line], [], 'line ends that are not CRLF')
    must_be([line for line in lines if len(line) > 998], [], 'lines that are too long')
    must_be([c for c in octets if c > 126 or (c < 32 and c not in b'\r\n\t')], [], 'octets that are no ASCII')
    head = octets.split(b'\r\n\r\n')[0].split(b'\r\n')
    long = [line for line in head if len(line) > 78 and b' ' in line[1:]]
    must_be(long, [], 'headers that could be folded')


def check_headers(message, name):
    expected = [header for header in HEADERS if header in message or header != 'Reply-To']
    must_be(message.keys(), expected, 'headers')
    must_be(str(message['Subject']), wanted(name, 'subject'), 'subject')
    for header, value in message.items():
        must_be(value.defects, (), f'defects of {header}')
    for header in ['From', 'To', 'Reply-To']:
        if header in message:
            must_be(len(message[header].addresses), 1, f'mailboxes in {header}')
    must_be(message['Date'].datetime.isoformat(), '2026-11-23T08:00:00+00:00', 'date')


def check_bodies(message, name, has_calendar):
    leaves = [part for part in message.walk() if not part.is_multipart()]
    expected = ALTERNATIVES + ['application/ics'] if has_calendar else ALTERNATIVES[:2]
    must_be([part.get_content_type() for part in leaves], expected, 'parts')
    for part in message.walk():
        must_be(part.defects, [], f'defects of {part.get_content_type()}')
    must_be(body_of(leaves[0]), wanted(name, 'text'), 'text')
    must_be(body_of(leaves[1]), wanted(name, 'html'), 'page')
    if not has_calendar:
        must_be(message.get_content_type(), 'multipart/alternative', 'type')
        return
    must_be(message.get_content_type(), 'multipart/mixed', 'type')
    calendar = (FOLDER / f'{name}.ics').read_bytes()
    must_be(leaves[2].get_payload(decode=True), calendar, 'calendar')
    must_be(leaves[3].get_payload(decode=True), calendar, 'attachment')
    must_be(leaves[3].get_filename(), 'invite.ics', 'name of the attachment')
    method = re.search(rb'METHOD:(.*)\r\n', calendar).group(1).decode()
    must_be(leaves[2].get_param('method'), method, 'method')
    must_be(method, 'CANCEL' if 'canceled' in name else 'REQUEST', 'method of this kind')


def instant(value):
    return value.dt.strftime('%Y-%m-%dT%H:%M:%SZ')


def check_calendar(name):
    octets = (FOLDER / f'{name}.ics').read_bytes()
    must_be([line for line in octets.split(b'\r\n') if len(line) > 75], [], 'lines of a calendar that are too long')
    calendar = icalendar.Calendar.from_ical(octets)
    must_be([component.name for component in calendar.walk()], ['VCALENDAR', 'VEVENT'], 'components')
    must_be([error for component in calendar.walk() for error in component.errors], [], 'errors')
    event = calendar.walk('VEVENT')[0]
    must_be(type(event['ATTENDEE']).__name__, 'vCalAddress', 'the one attendee')
    must_be(str(event['STATUS']), 'CANCELLED' if 'canceled' in name else 'CONFIRMED', 'status')
    must_be('LOCATION' in event, 'canceled' not in name, 'whether there is a place')
    must_be('/actions/' in str(event.get('DESCRIPTION', '')), 'canceled' not in name and '-invitee-' in name,
            'whether there are links')
    (FOLDER / f'{name}.read.json').write_text(json.dumps({
        'method': str(calendar['METHOD']),
        'uid': str(event['UID']),
        'sequence': int(event['SEQUENCE']),
        'start': instant(event['DTSTART']),
        'end': instant(event['DTEND']),
        'stamp': instant(event['DTSTAMP']),
        'summary': str(event['SUMMARY']),
        'location': str(event.get('LOCATION', '')),
        'description': str(event.get('DESCRIPTION', '')),
        'organizer': str(event['ORGANIZER']),
        'organizerName': str(event['ORGANIZER'].params['CN']),
        'attendee': str(event['ATTENDEE']),
        'attendeeName': str(event['ATTENDEE'].params['CN']),
        'answer': str(event['ATTENDEE'].params['PARTSTAT']),
    }))


def check(name):
    octets = (FOLDER / f'{name}.eml').read_bytes()
    message = email.message_from_bytes(octets, policy=email.policy.default)
    has_calendar = (FOLDER / f'{name}.ics').exists()
    check_octets(octets)
    check_headers(message, name)
    check_bodies(message, name, has_calendar)
    if has_calendar:
        check_calendar(name)


for path in sorted(FOLDER.glob('*.eml')):
    try:
        check(path.stem)
        print(f'ok {path.stem}: a message as it should be')
    except Exception as error:  # whatever a parser throws is about the sample
        print(f'not ok {path.stem}: a message as it should be')
        print(f'{type(error).__name__}: {error}')
print('done')
