# Small files cost the compiler more in headers than in themselves, so up to KILN_GROUP_SIZE files of one folder are compiled as one
# that includes them.  The groups name their files relative to the tree: a clone elsewhere finds their objects in the compiler cache.
set(KILN_GROUP_SIZE 6 CACHE STRING "Source files that are compiled together; 1: each alone")

# What a file declares at the start of a line: functions, constants and types.
function(kiln_declared_names result file)
  file(READ ${file} text)
  string(REGEX REPLACE "\\[\\[[a-z_]+\\]\\] *" "" text "${text}")  # attributes
  string(REGEX REPLACE "[][;]" "~" text "${text}")  # these would break CMake's lists
  string(REGEX REPLACE "\n((class|struct|enum class) [A-Za-z0-9_]+)[^\n{(]*{" "\n\\1 {" text "${text}")  # bases
  string(REGEX MATCHALL "\n[a-zA-Z][^\n(={~]*[ *&>][A-Za-z0-9_]+ ?[(={~:]" lines "${text}")
  set(names)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE ".*[ *&>]([A-Za-z0-9_]+) ?[(={~:]$" "\\1" name "${line}")
    if(NOT line MATCHES "\nnamespace")
      list(APPEND names ${name})
    endif()
  endforeach()
  string(REGEX MATCHALL "\nconstexpr [^\n~]*" constants "${text}")  # several in one line
  string(REGEX MATCHALL "k[A-Z][A-Za-z0-9]*" constants "${constants}")
  set(${result} ${names} ${constants} PARENT_SCOPE)
endfunction()

# What the headers of tests that a file includes declare.
function(kiln_included_names result file)
  file(STRINGS ${file} includes REGEX "^#include \"tests/.*\\.h\"")
  set(names)
  foreach(include IN LISTS includes)
    string(REGEX REPLACE "^#include \"(.*)\"" "\\1" header "${include}")
    kiln_declared_names(more ${PROJECT_SOURCE_DIR}/${header})
    list(APPEND names ${more})
  endforeach()
  set(${result} ${names} PARENT_SCOPE)
endfunction()

# Whether two lists have an entry in common.
function(kiln_overlap result first second)
  set(${result} FALSE PARENT_SCOPE)
  foreach(name IN LISTS ${first})
    if(name IN_LIST ${second})
      set(${result} TRUE PARENT_SCOPE)
      return()
    endif()
  endforeach()
endfunction()

# kiln_group(RESULT FILE...): RESULT holds what to compile in place of the files.  A target that takes it needs the root of the
# tree among its include folders.  Two files that declare the same name, as unnamed namespaces allow, are kept apart.
function(kiln_group result)
  if(KILN_GROUP_SIZE LESS 2)
    set(${result} ${ARGN} PARENT_SCOPE)
    return()
  endif()
  set(groups)
  foreach(file IN LISTS ARGN)
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${file})
    get_filename_component(folder ${path} DIRECTORY)
    string(REPLACE "/" "_" folder ${folder})
    kiln_declared_names(names ${file})
    kiln_included_names(included ${file})
    set(all ${names} ${included})
    foreach(number RANGE 1000)  # the first group of the folder that has room and none of the names
      set(group ${folder}_${number})
      list(LENGTH files_${group} size)
      kiln_overlap(declared_twice names all_${group})
      kiln_overlap(declared_there all names_${group})
      if(size LESS KILN_GROUP_SIZE AND NOT declared_twice AND NOT declared_there)
        break()
      endif()
    endforeach()
    list(APPEND groups ${group})
    list(APPEND files_${group} ${path})
    list(APPEND names_${group} ${names})
    list(APPEND all_${group} ${all})
  endforeach()
  list(REMOVE_DUPLICATES groups)
  set(sources)
  foreach(group IN LISTS groups)
    list(TRANSFORM files_${group} REPLACE "(.+)" "#include \"\\1\"\n")
    list(JOIN files_${group} "" includes)
    set(source ${PROJECT_BINARY_DIR}/groups/${result}_${group}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "${includes}" @ONLY)  # written only when it differs
    list(APPEND sources ${source})
  endforeach()
  set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS -Wno-subobject-linkage)  # right only where each file stands alone
  set(${result} ${sources} PARENT_SCOPE)
endfunction()
