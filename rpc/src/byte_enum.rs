//! Enums that are one byte on the wire.

/// Makes the enum, the list of its variants, and the way back from the byte, all from one list: no variant can be
/// written that cannot be read.
macro_rules! byte_enum {
    (
        $(#[$about:meta])*
        pub enum $Name:ident { $( $(#[$doc:meta])* $Variant:ident = $byte:literal, )+ }
    ) => {
        $(#[$about])*
        #[repr(u8)]
        pub enum $Name { $( $(#[$doc])* $Variant = $byte, )+ }

        impl $Name {
            pub const ALL: &[Self] = &[$(Self::$Variant),+];

            /// What this byte stands for, if it stands for anything.
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $( $byte => Some(Self::$Variant), )+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use byte_enum;
