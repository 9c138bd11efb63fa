//! Functions that return a constant, read from their machine code: `get_required_hpy_minor_version_NAME` is one, and
//! calling it would run code of the file.

use object::Architecture;

/// The constant that a function returns, where its code is as simple as compilers make it.
pub fn returned(architecture: Architecture, code: &[u8]) -> Option<u32> {
    match architecture {
        Architecture::X86_64 | Architecture::I386 => x86(code),
        Architecture::Aarch64 => aarch64(code),
        _ => None,
    }
}

fn x86(mut code: &[u8]) -> Option<u32> {
    let mut value = None;
    for _ in 0..8 {
        let step = match code {
            [0xf3, 0x0f, 0x1e, 0xfa | 0xfb, ..] => 4, // endbr64, endbr32
            [0x55, ..] | [0x5d, ..] => 1,             // push, pop rbp
            [0x48, 0x89, 0xe5, ..] => 3,              // mov rbp, rsp
            [0x31 | 0x33, 0xc0, ..] => {
                value = Some(0); // xor eax, eax
                2
            }
            [0xb8, a, b, c, d, ..] => {
                value = Some(u32::from_le_bytes([*a, *b, *c, *d])); // mov eax, constant
                5
            }
            [0xc3, ..] | [0xf3, 0xc3, ..] => return value, // ret
            _ => return None,
        };
        code = code.get(step..)?;
    }
    None
}

fn aarch64(code: &[u8]) -> Option<u32> {
    let mut value = None;
    for word in code.chunks_exact(4).take(8) {
        let word = u32::from_le_bytes(word.try_into().ok()?);
        match word {
            0xd503_245f | 0xd503_233f => {} // bti c, paciasp
            0x2a1f_03e0 => value = Some(0), // mov w0, wzr
            0xd65f_03c0 => return value,    // ret
            _ if word & 0xffe0_001f == 0x5280_0000 => value = Some(word >> 5 & 0xffff), // mov w0, constant
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_functions_say_what_they_return() {
        let x86 = |code: &[u8]| returned(Architecture::X86_64, code);
        assert_eq!(x86(&[0x31, 0xc0, 0xc3]), Some(0));
        assert_eq!(
            x86(&[0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5, 0xb8, 7, 0, 0, 0, 0x5d, 0xc3]),
            Some(7)
        );
        assert_eq!(x86(&[0xe8, 0, 0, 0, 0, 0xc3]), None);
        assert_eq!(x86(&[0xb8, 1, 0]), None);
        assert_eq!(x86(&[]), None);
        let arm = |code: &[u32]| {
            let bytes: Vec<u8> = code.iter().flat_map(|word| word.to_le_bytes()).collect();
            returned(Architecture::Aarch64, &bytes)
        };
        assert_eq!(arm(&[0x5280_0020, 0xd65f_03c0]), Some(1));
        assert_eq!(arm(&[0x2a1f_03e0, 0xd65f_03c0]), Some(0));
        assert_eq!(arm(&[0x9400_0000, 0xd65f_03c0]), None);
    }
}
