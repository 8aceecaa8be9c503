/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INSULA_BASE_CHARACTER_H
#define INSULA_BASE_CHARACTER_H

/* They are public: the program shows texts of others, too. */
#include "insula.h"

#endif
