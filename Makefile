# OpenCalendly: how everything is built, installed, tested and run.
#
#   make                 builds the extension and the HTTP shim into build/
#   make install         installs them into the server of PG_CONFIG (DESTDIR= is honoured)
#   make installcheck    regress and isolation tests against that server, running
#   make uninstall       takes it away again
#   make run             a private server with a demo organizer, in front (RUN_DIR=, PORT=, METRICS_PORT=,
#                        GOOGLE_CLIENT_ID=, GOOGLE_CLIENT_SECRET=)
#   make psql            psql on what "make run" started
#   make test            every test; ONLY=unit|regress|isolation|tap, TESTS="name ..." choose
#   make lint            clang-format, clang-tidy, cppcheck; "make format" rewrites the files
#   make bench           the benchmarks; ONLY= the beginning of their names
#   make oracle          compares with the oracle: N= cases, SEED=, TEAMS=1
#   make screenshots     makes the pictures of the README anew, docs/images/
#   make clean           removes build/ (the data of "make run" stays)
#
# PG_CONFIG= chooses another PostgreSQL, ASSERT=1 builds the extension with assertions, SANITIZE=1 the
# shim with address and undefined behaviour sanitizers, WERROR= (empty) lets
# warnings pass, BUILD_DIR= builds elsewhere. The version stands in opencalendly.control alone.
#
# The extension is built by PGXS's variables and install rules, but with compile and link rules
# of its own, so that nothing but build/ is written to.

all:

PG_CONFIG ?= $(firstword $(wildcard /usr/lib/postgresql/15/bin/pg_config) pg_config)
BUILD_DIR ?= build
WERROR ?= -Werror

EXTENSION := opencalendly
EXTENSION_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'.*/\1/p" opencalendly.control)
VARIANT := $(BUILD_DIR)/$(if $(filter 1,$(ASSERT)),assert,release)

SOURCE_DIRS := $(wildcard $(addprefix extension/,. pure time data verbs world))
SOURCES := $(sort $(patsubst extension/./%,extension/%,$(wildcard $(addsuffix /*.c,$(SOURCE_DIRS)))))
OBJECTS := $(SOURCES:%.c=$(VARIANT)/%.o)
NET_SOURCES := $(sort $(wildcard extension/net/*.c)) extension/pure/egress.c
NET_OBJECTS := $(NET_SOURCES:%.c=$(VARIANT)/%.o)
SCHEMA := $(sort $(wildcard extension/schema/*.sql))
INSTALL_SQL := $(BUILD_DIR)/opencalendly--$(EXTENSION_VERSION).sql

# Server headers come in by -isystem: warnings that their macros cause are not ours to repair.
# Callbacks of the server have parameters that not every one of them needs.
WARNINGS := -Wall -Wextra $(WERROR) -Wno-unused-parameter -Wno-declaration-after-statement
SERVER_CPPFLAGS = $(patsubst -I/%,-isystem /%,$(filter-out -I. -I./,$(CPPFLAGS)))

# What PGXS is told.
MODULES := $(VARIANT)/opencalendly $(VARIANT)/opencalendly_net
DATA_built := $(INSTALL_SQL)
EXTRA_CLEAN := $(BUILD_DIR)
PG_CFLAGS := -std=gnu11 -DOPENCALENDLY_VERSION='"$(EXTENSION_VERSION)"' $(WARNINGS) $(if $(filter 1,$(ASSERT)),-DUSE_ASSERT_CHECKING=1)
REGRESS := $(sort $(basename $(notdir $(wildcard sql/*.sql))))
REGRESS_OPTS := --outputdir=$(BUILD_DIR)/installcheck
REGRESS_PREP := isolation-input
ISOLATION := $(sort $(basename $(notdir $(wildcard specs/*.spec))))
ISOLATION_OPTS := --inputdir=$(BUILD_DIR)/isolation --outputdir=$(BUILD_DIR)/installcheck/isolation \
	--load-extension=btree_gist --load-extension=opencalendly

PGXS := $(wildcard $(shell $(PG_CONFIG) --pgxs 2>/dev/null))
ifneq ($(PGXS),)
override with_llvm := no
include $(PGXS)
else
all install installcheck uninstall:
	@echo 'PostgreSQL 15 and its server headers were not found ($(PG_CONFIG)).' >&2
	@echo 'Install postgresql-server-dev-15, or run scripts/prepare, or give PG_CONFIG=.' >&2
	@exit 1
clean:
	rm -rf $(BUILD_DIR)
endif

# The library, and the one that workers alone load, because libcurl comes with it. A folder is among the
# prerequisites because a file taken out of it must go out of the library, too.
LINK_LIBRARY = $(CC) $(CFLAGS) -shared -o $@ $(filter %.o,$^) $(LDFLAGS) $(LDFLAGS_SL) -Wl,-z,now,-Bsymbolic-functions

$(VARIANT)/opencalendly.so: $(OBJECTS) $(SOURCE_DIRS) Makefile
	$(LINK_LIBRARY) -lcrypto

$(VARIANT)/opencalendly_net.so: $(NET_OBJECTS) extension/net Makefile
	$(LINK_LIBRARY) -lcurl

$(sort $(OBJECTS) $(NET_OBJECTS)): $(VARIANT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -Iextension $(SERVER_CPPFLAGS) -MMD -MP -c -o $@ $<

# The install script: one guard line, then every subject in name order.
$(INSTALL_SQL): $(SCHEMA) $(wildcard extension/schema) opencalendly.control Makefile
	@mkdir -p $(@D)
	printf '%s\n' '\echo Use "CREATE EXTENSION opencalendly" to load this file. \quit' > $@.new
	cat $(SCHEMA) < /dev/null >> $@.new
	mv $@.new $@

# The HTTP shim: a program of its own, that knows libpq and nothing of the server.
SANITIZERS := -fsanitize=address,undefined -Wno-format-truncation
SHIM := $(BUILD_DIR)/opencalendly-shim$(if $(filter 1,$(SANITIZE)),-sanitized)
SHIM_SOURCES := $(sort $(wildcard shim/*.c))
SHIM_VARIANT := $(BUILD_DIR)/shim$(if $(filter 1,$(SANITIZE)),-sanitized)
SHIM_OBJECTS := $(SHIM_SOURCES:shim/%.c=$(SHIM_VARIANT)/%.o)
SHIM_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARNINGS) -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE \
	$(if $(filter 1,$(SANITIZE)),$(SANITIZERS))
web_dir = $(datadir)/opencalendly/web

all: $(SHIM)

$(SHIM): $(SHIM_OBJECTS) $(wildcard shim) Makefile
	$(CC) $(SHIM_CFLAGS) -pie -Wl,-z,relro,-z,now -o $@ $(SHIM_OBJECTS) \
		-L$(libdir) -lpq -lcivetweb -ljansson -lcrypto -lz -lsystemd -lpthread

$(SHIM_OBJECTS): $(SHIM_VARIANT)/%.o: shim/%.c opencalendly.control Makefile
	@mkdir -p $(@D)
	$(CC) $(SHIM_CFLAGS) -DSHIM_VERSION='"$(EXTENSION_VERSION)"' -DSHIM_WEB_DIR='"$(web_dir)"' -isystem $(includedir) \
		-MMD -MP -c -o $@ $<

install: install-shim
install-shim: $(SHIM)
	$(MKDIR_P) '$(DESTDIR)$(bindir)' '$(DESTDIR)$(web_dir)'
	$(INSTALL_PROGRAM) $(SHIM) '$(DESTDIR)$(bindir)/opencalendly-shim'
	cd shim/web && find . -type f -exec $(INSTALL) -D -m 0644 '{}' '$(DESTDIR)$(web_dir)/{}' ';'

# Unit tests: the pure parts and the transport alone, without PostgreSQL's headers, under the sanitizers.
UNIT_TESTS := $(patsubst t/%.c,$(BUILD_DIR)/%,$(sort $(wildcard t/unit/test_*.c)))
UNIT_PURE := $(patsubst %.c,$(BUILD_DIR)/unit/%.o,$(sort $(wildcard extension/pure/*.c)))
UNIT_NET := $(patsubst %.c,$(BUILD_DIR)/unit/%.o,$(filter-out %/module.c,$(sort $(wildcard extension/net/*.c))))
UNIT_CFLAGS := -std=gnu11 -D_GNU_SOURCE -g -O1 $(WARNINGS) \
	-fsanitize=address,undefined -fno-sanitize-recover=all

unit-tests: $(UNIT_TESTS)

$(UNIT_TESTS): $(BUILD_DIR)/%: t/%.c $(UNIT_PURE) Makefile
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -Iextension -MMD -MP -o $@ $< $(filter %.o,$^) -lcmocka -lcrypto -ljansson $(UNIT_LIBS)

$(BUILD_DIR)/unit/test_transport $(BUILD_DIR)/unit/test_smtp: $(UNIT_NET)
$(BUILD_DIR)/unit/test_transport $(BUILD_DIR)/unit/test_smtp: UNIT_LIBS := -lcurl -lssl

# Samples of mails, for programs of others to read: t/039_mail_words.pl.
$(BUILD_DIR)/mail-samples: t/mail/samples.c $(UNIT_PURE) Makefile
	$(CC) $(UNIT_CFLAGS) -Iextension -MMD -MP -o $@ $< $(filter %.o,$^) -lcrypto

$(UNIT_PURE) $(UNIT_NET): $(BUILD_DIR)/unit/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -Iextension -MMD -MP -c -o $@ $<

# pg_isolation_regress wants specs/ and expected/ side by side; ours are specs/ and specs/expected/.
isolation-input:
	@mkdir -p $(BUILD_DIR)/isolation $(BUILD_DIR)/installcheck/isolation
	@ln -sfn '$(CURDIR)/specs' $(BUILD_DIR)/isolation/specs
	@ln -sfn '$(CURDIR)/specs/expected' $(BUILD_DIR)/isolation/expected

# PGXS would look for the libraries under the paths that they were built by.
uninstall: uninstall-library
uninstall-library:
	rm -f '$(DESTDIR)$(pkglibdir)'/opencalendly.so '$(DESTDIR)$(pkglibdir)'/opencalendly_net.so \
		'$(DESTDIR)$(bindir)/opencalendly-shim'
	rm -rf '$(DESTDIR)$(web_dir)'

# One command a line: make then is the direct parent, and a signal to make reaches the script.
run:
	@scripts/run

psql:
	@scripts/psql

test:
	@scripts/prepare test
	@scripts/sandbox scripts/test

lint:
	@scripts/prepare lint
	@scripts/lint

format:
	@scripts/lint --format

bench:
	@scripts/prepare test
	@scripts/sandbox scripts/bench

oracle:
	@scripts/prepare test
	@scripts/sandbox scripts/oracle

screenshots:
	@scripts/prepare test
	@scripts/sandbox scripts/screenshots
	@mkdir -p docs/images
	@cp build/results/screenshots/booking.png build/results/screenshots/console.png docs/images/

.PHONY: all install install-shim uninstall uninstall-library installcheck clean unit-tests isolation-input \
	run psql test lint format bench oracle screenshots

-include $(OBJECTS:.o=.d) $(NET_OBJECTS:.o=.d) $(SHIM_OBJECTS:.o=.d) $(UNIT_PURE:.o=.d) $(UNIT_NET:.o=.d) \
	$(addsuffix .d,$(UNIT_TESTS))
