# SPDX-License-Identifier: GPL-2.0-or-later
# The libraries we build on. One that is missing is an error that says what to install.

find_package(PkgConfig)
if(NOT PkgConfig_FOUND)
	message(FATAL_ERROR "pkg-config is missing: install pkg-config (Debian) or "
		"pkgconf-pkg-config (Fedora)")
endif()

# find_library_package(<variable> <pkg-config module> <Debian package> <Fedora package>)
# makes the target PkgConfig::<variable>.
function(find_library_package variable module debian fedora)
	pkg_check_modules(${variable} QUIET IMPORTED_TARGET GLOBAL ${module})
	if(NOT ${variable}_FOUND)
		message(FATAL_ERROR "${module} is missing: install ${debian} (Debian) or "
			"${fedora} (Fedora)")
	endif()
endfunction()

find_library_package(SMARTCOLS smartcols libsmartcols-dev libsmartcols-devel)
find_library_package(JANSSON jansson libjansson-dev jansson-devel)
find_library_package(LIBELF libelf libelf-dev elfutils-libelf-devel)
find_library_package(LIBDW libdw libdw-dev elfutils-devel)
find_library_package(SECCOMP libseccomp libseccomp-dev libseccomp-devel)
find_library_package(LIBUNWIND libunwind-generic libunwind-dev libunwind-devel)
find_library_package(NCURSESW ncursesw libncurses-dev ncurses-devel)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
# Has no pkg-config file. A static library, so nothing is needed to run.
find_library(IBERTY_LIBRARY iberty)
find_path(IBERTY_INCLUDE_DIR demangle.h PATH_SUFFIXES libiberty)
if(NOT IBERTY_LIBRARY OR NOT IBERTY_INCLUDE_DIR)
	message(FATAL_ERROR "libiberty is missing: install libiberty-dev (Debian) or "
		"binutils-devel (Fedora)")
endif()
add_library(iberty INTERFACE)
target_link_libraries(iberty INTERFACE ${IBERTY_LIBRARY})
target_include_directories(iberty SYSTEM INTERFACE ${IBERTY_INCLUDE_DIR})
if(BUILD_TESTING AND NOT ROBTRACE_FUZZ)
	find_library_package(CMOCKA cmocka libcmocka-dev libcmocka-devel)
endif()
